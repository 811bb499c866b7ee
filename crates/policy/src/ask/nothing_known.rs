//! The answers of a gateway that knows nothing yet and whose tracker is empty.

use super::{Facts, IssueHistory, Question, Thread, Told, Traffic};
use crate::LetterTraffic;
use mail::authenticity::{Authenticity, Verdict};

impl Facts {
    /// Answers a question as an empty gateway would: nothing is known, nobody has an account, no issue exists. What a plan is
    /// tried with where there is no site to ask.
    pub fn answer_with_nothing(&mut self, question: &Question) {
        match question {
            Question::Authenticity => {
                self.authenticity = Some(Authenticity::without_checks(Verdict::Unknown, "not asked"));
            }
            Question::ReplyTokens { .. } => self.reply_tokens = Some(Vec::new()),
            Question::Thread { .. } => self.thread = Some(Thread::Unknown),
            Question::SeenBefore => self.seen_before = Some(Vec::new()),
            Question::Issue { issue } => self.issues.push((issue.clone(), None)),
            Question::Involved { issue_id, address } => self.involved.push((issue_id.clone(), address.clone(), false)),
            Question::Traffic { address, issue_id } => {
                self.traffic.push((address.clone(), issue_id.clone(), Traffic::default()));
            }
            Question::Letters { address } => self.letters.push((address.clone(), LetterTraffic::default())),
            Question::History { issue_id } => {
                self.histories.push((issue_id.clone(), IssueHistory::Known { texts: 0, all: true }));
            }
            other => self.untold(other),
        }
    }

    /// The same for what only a tracker knows.
    fn untold(&mut self, question: &Question) {
        const WHY: &str = "no tracker was asked";
        match question {
            Question::Fields { project, issue_type } => {
                self.fields.push((project.clone(), issue_type.clone(), Told::Untold(WHY.to_owned())));
            }
            Question::EditFields { issue_id } => {
                self.edit_fields.push((issue_id.clone(), Told::Untold(WHY.to_owned())))
            }
            Question::FieldTexts { issue_id, fields } => {
                let texts = fields.iter().map(|field| (issue_id.clone(), field.clone(), Told::Known(String::new())));
                self.field_texts.extend(texts);
            }
            Question::CommentCount { issue_id } => self.comment_counts.push((issue_id.clone(), 0)),
            Question::Account { address } => self.accounts.push((address.clone(), None)),
            Question::Groups { account } => self.groups.push((account.clone(), Told::Known(Vec::new()))),
            Question::May { account, project, act } => {
                self.may.push((account.clone(), project.clone(), *act, Told::Untold(WHY.to_owned())));
            }
            Question::FindIssue { search } => self.found_issues.push((search.clone(), Told::Known(None))),
            Question::Matches { issue_id, search } => {
                self.matches.push((issue_id.clone(), search.clone(), Told::Known(false)));
            }
            Question::ServiceDesk { project } => self.service_desks.push((project.clone(), Told::Known(None))),
            Question::UploadMax => self.upload_max = Some(Told::Untold(WHY.to_owned())),
            Question::Authenticity
            | Question::ReplyTokens { .. }
            | Question::Thread { .. }
            | Question::SeenBefore
            | Question::Issue { .. }
            | Question::Involved { .. }
            | Question::Letters { .. }
            | Question::Traffic { .. }
            | Question::History { .. } => {}
        }
    }
}
