//! Steps that change an issue which exists, or who takes part in it: each says how it happens once only.

use super::Run;
use super::attempt::Before;
use crate::site::misunderstood;
use policy::{
    AccountTarget, Fault, FaultCode, FaultKind, FieldKind, FieldSetting, FieldValue, Goal, How, LeftOut, Receipt,
    StepKind,
};
use tracker::{Answer, IssueView, LinkType, Operation, TransitionView};

/// How often a create or edit is tried again with fewer fields. Jira names all that it refuses at once, as a rule.
const TRIES_WITH_FEWER_FIELDS: usize = 5;

/// How many possible transitions a refusal names.
const NAMED_MAX: usize = 10;

/// Whether doing it again changes nothing, so that after a lost answer it is simply done again. Links are looked for before one
/// is made, fields, watchers, participants and customers are sets to which the same is added once more; a file that is kept already stays as it is.
pub(super) fn repeats_harmlessly(kind: &StepKind) -> bool {
    matches!(
        kind,
        StepKind::KeepFile { .. }
            | StepKind::EditIssue { .. }
            | StepKind::Link { .. }
            | StepKind::Watch { .. }
            | StepKind::AddParticipants { .. }
            | StepKind::ShareWith { .. }
            | StepKind::AddCustomer { .. }
    )
}

/// What was refused of a write with fields, and what is left to be tried.
struct Fewer {
    set: Vec<FieldSetting>,
    left_out: Vec<LeftOut>,
}

impl Fewer {
    /// Without the fields that the fault names. `Err` with the fault when it names none, one that is not ours to leave out, or
    /// one without which the step must not happen, and when fewer than `least` would be left.
    fn after(self, fault: Fault, least: usize) -> Result<Fewer, Fault> {
        let named = |setting: &FieldSetting| fault.fields.contains(&setting.id);
        let ours = fault.fields.iter().all(|id| self.set.iter().any(|setting| setting.id == *id));
        let spare = self.set.iter().filter(|setting| named(setting)).all(|setting| !setting.is_indispensable());
        if fault.kind != FaultKind::Permanent || fault.fields.is_empty() || !ours || !spare {
            return Err(fault);
        }
        let (out, set): (Vec<_>, Vec<_>) = self.set.into_iter().partition(named);
        if set.len() < least {
            return Err(fault);
        }
        let mut left_out = self.left_out;
        left_out.extend(out.into_iter().map(left_out_of));
        Ok(Fewer { set, left_out })
    }
}

fn left_out_of(setting: FieldSetting) -> LeftOut {
    LeftOut { id: setting.id, name: setting.name }
}

impl Run<'_> {
    /// Writes with fewer and fewer fields until the tracker takes it. A refusal is sure: nothing has happened, so the next try
    /// under the same marker is no second effect. With fewer than `least` fields nothing is written.
    pub(super) async fn write_with_fields(
        &self,
        (set, least): (&[FieldSetting], usize),
        project: &str,
        operation: impl Fn(Vec<FieldSetting>) -> Operation,
    ) -> Result<(Answer, Vec<LeftOut>), Fault> {
        let mut fewer = self.with_accounts(set)?;
        if fewer.set.len() < least {
            return Err(no_account());
        }
        for _ in 0..TRIES_WITH_FEWER_FIELDS {
            match self.write(&operation(fewer.set.clone())).await {
                Ok(answer) => return Ok((answer, fewer.left_out)),
                Err(fault) => {
                    if !fault.fields.is_empty() {
                        self.site.fields_have_changed(project);
                    }
                    fewer = fewer.after(fault, least)?;
                }
            }
        }
        let answer = self.write(&operation(fewer.set.clone())).await?;
        Ok((answer, fewer.left_out))
    }

    pub(super) async fn write(&self, operation: &Operation) -> Result<Answer, Fault> {
        self.site.write(operation, &|| self.held.still_ours()).await
    }

    /// Accounts that an earlier step made take the place of its number. A field whose account did not come about is left out.
    fn with_accounts(&self, set: &[FieldSetting]) -> Result<Fewer, Fault> {
        let mut fewer = Fewer { set: Vec::with_capacity(set.len()), left_out: Vec::new() };
        for setting in set {
            let value = match &setting.value {
                FieldValue::User(target) => self.account(target).map(|id| FieldValue::User(AccountTarget::Id(id))),
                FieldValue::Users(targets) => {
                    let ids = targets.iter().map(|target| Some(AccountTarget::Id(self.account(target)?)));
                    ids.collect::<Option<Vec<_>>>().map(FieldValue::Users)
                }
                other => Some(other.clone()),
            };
            match value {
                Some(value) => fewer.set.push(FieldSetting { value, ..setting.clone() }),
                None if setting.is_indispensable() => {
                    let why = format!("the account for the field {} does not exist", setting.id);
                    return Err(Fault::permanent(FaultCode::TrackerRefused, why));
                }
                None => fewer.left_out.push(left_out_of(setting.clone())),
            }
        }
        Ok(fewer)
    }

    /// The account's id; `None` when the step that should have made it did not.
    fn account(&self, target: &AccountTarget) -> Option<String> {
        match target {
            AccountTarget::Id(id) => Some(id.clone()),
            AccountTarget::CreatedBy(ordinal) => match self.made.get(ordinal) {
                Some(Receipt::Account { id }) => Some(id.clone()),
                _ => None,
            },
        }
    }

    /// The effect of a step that changes something; see [`repeats_harmlessly`].
    pub(super) async fn change(&self, kind: &StepKind) -> Result<Receipt, Fault> {
        if let StepKind::AddCustomer { project, address, name, organisations } = kind {
            return super::customers::add(self, project, address, name.as_deref(), organisations).await;
        }
        let Some(issue) = kind.issue() else {
            return Err(Fault::permanent(FaultCode::Internal, format!("{} is about no issue", kind.word())));
        };
        let issue_id = self.issue_id(issue)?;
        match kind {
            StepKind::EditIssue { set, .. } => self.edit(issue_id, set).await,
            StepKind::Transition { goal, set, .. } => self.transition(issue_id, goal, set).await,
            StepKind::Link { to, link_type, .. } => {
                let to_id = self.issue_id(to)?;
                self.link(issue_id, to_id, link_type).await
            }
            StepKind::Watch { account, .. } => {
                let account = self.account(account).ok_or_else(no_account)?;
                self.write(&Operation::AddWatcher { issue_id: issue_id.clone(), account }).await?;
                Ok(changed(issue_id))
            }
            StepKind::AddParticipants { accounts, .. } => {
                let accounts: Vec<String> = accounts.iter().filter_map(|account| self.account(account)).collect();
                if accounts.is_empty() {
                    return Err(no_account());
                }
                self.write(&Operation::AddParticipants { issue_id: issue_id.clone(), accounts }).await?;
                Ok(changed(issue_id))
            }
            StepKind::ShareWith { organisations, .. } => self.share(issue_id, organisations).await,
            other => Err(Fault::permanent(FaultCode::Internal, format!("{} is no change of an issue", other.word()))),
        }
    }

    async fn edit(&self, issue_id: String, set: &[FieldSetting]) -> Result<Receipt, Fault> {
        let edit = |set| Operation::EditIssue { issue_id: issue_id.clone(), set };
        let (_, left_out) = self.write_with_fields((set, 1), "", edit).await?;
        Ok(Receipt::Changed { issue_id, already: false, left_out })
    }

    async fn transition(&self, issue_id: String, goal: &Goal, set: &[FieldSetting]) -> Result<Receipt, Fault> {
        let issue = self.site.read_issue(&issue_id).await?;
        if is_at(&issue, goal) {
            return Ok(Receipt::Changed { issue_id, already: true, left_out: Vec::new() });
        }
        let chosen = self.transition_to(&issue_id, &issue, goal).await?;
        let make =
            |set| Operation::MakeTransition { issue_id: issue_id.clone(), transition_id: chosen.id.clone(), set };
        let (_, left_out) = self.write_with_fields((set, 0), "", make).await?;
        Ok(Receipt::Changed { issue_id, already: false, left_out })
    }

    /// The transition that leads where the step wants, out of those that can be taken now.
    async fn transition_to(&self, issue_id: &str, issue: &IssueView, goal: &Goal) -> Result<TransitionView, Fault> {
        let possible = match self.site.read(&Operation::ReadTransitions { issue_id: issue_id.to_owned() }).await? {
            Answer::Transitions(transitions) => transitions,
            other => return Err(misunderstood(&other)),
        };
        let wanted = match goal {
            Goal::Status(name) | Goal::Transition(name) => name,
        };
        let is_it = |one: &&TransitionView| match goal {
            Goal::Status(name) => means(name, &one.to_id, &one.to),
            Goal::Transition(name) => means(name, &one.id, &one.name),
        };
        if let Some(chosen) = possible.iter().find(is_it) {
            return Ok(chosen.clone());
        }
        Err(no_way(wanted, &issue.status, &possible))
    }

    /// What a later look needs to know whether a transition was made: where the issue was, and where it was to go.
    pub(super) async fn before_transition(&self, issue_id: &str, goal: &Goal) -> Result<Before, Fault> {
        let issue = self.site.read_issue(issue_id).await?;
        let to_id = match goal {
            // Whether it is there can be read off the issue.
            Goal::Status(_) => String::new(),
            Goal::Transition(_) => self.transition_to(issue_id, &issue, goal).await?.to_id,
        };
        Ok(Before::Transition { status_id: issue.status_id, to_id })
    }

    /// Whether the issue is where the step wanted it. Where that cannot be told from its status a person is asked.
    pub(super) async fn look_for_transition(
        &self,
        issue_id: &str,
        goal: &Goal,
        before: &Before,
    ) -> Result<Option<Receipt>, Fault> {
        let unclear = |why: &str| Err(Fault::permanent(FaultCode::InDoubt, why));
        let Before::Transition { status_id, to_id } = before else {
            return unclear("the status before the attempt is not known");
        };
        let issue = self.site.read_issue(issue_id).await?;
        match goal {
            _ if is_at(&issue, goal) => Ok(Some(changed(issue_id.to_owned()))),
            Goal::Status(_) => Ok(None),
            Goal::Transition(_) if to_id == status_id => unclear("the transition leads back to the status it left"),
            Goal::Transition(_) if issue.status_id == *to_id => Ok(Some(changed(issue_id.to_owned()))),
            Goal::Transition(_) if issue.status_id == *status_id => Ok(None),
            Goal::Transition(_) => unclear("the issue has gone on to another status meanwhile"),
        }
    }

    async fn link(&self, issue_id: String, to_id: String, named: &str) -> Result<Receipt, Fault> {
        let types = self.site.link_types().await?;
        let (link_type, outward) = link_type(&types, named).ok_or_else(|| no_link_type(named, &types))?;
        let there = match self.site.read(&Operation::ReadLinks { issue_id: issue_id.clone() }).await? {
            Answer::Links(links) => links,
            other => return Err(misunderstood(&other)),
        };
        let symmetric = link_type.inward == link_type.outward;
        let is_it = |link: &tracker::IssueLink| {
            link.type_id == link_type.id && link.other_id == to_id && (symmetric || link.outward == outward)
        };
        if there.iter().any(is_it) {
            return Ok(Receipt::Changed { issue_id, already: true, left_out: Vec::new() });
        }
        let (from_id, to_id) = if outward { (issue_id.clone(), to_id) } else { (to_id, issue_id.clone()) };
        self.write(&Operation::AddLink { type_id: link_type.id.clone(), from_id, to_id }).await?;
        Ok(changed(issue_id))
    }

    /// Organisations are a field of the request, whose id only the issue tells.
    async fn share(&self, issue_id: String, organisations: &[String]) -> Result<Receipt, Fault> {
        let refused = |why: &str| Fault::permanent(FaultCode::TrackerRefused, why).with_public(format!("{why}."));
        let fields = self.site.edit_fields(&issue_id).await?;
        let field = fields.into_iter().find(|field| field.kind == FieldKind::Organisations);
        let field = field.ok_or_else(|| refused("The issue has no field for organisations on its screen"))?;
        let project = self.site.read_issue(&issue_id).await?.project;
        let desk = self.site.service_desk(&project).await?;
        let desk = desk.as_ref().as_ref().ok_or_else(|| refused("The project has no service desk"))?;
        let ids = super::customers::organisation_ids(desk, organisations)?;
        let (id, name, value) = (field.id, field.name, FieldValue::Organisations(ids));
        self.edit(issue_id, &[FieldSetting { id, name, how: How::Add, value, must: true }]).await
    }
}

fn changed(issue_id: String) -> Receipt {
    Receipt::Changed { issue_id, already: false, left_out: Vec::new() }
}

fn no_account() -> Fault {
    Fault::permanent(FaultCode::TrackerRefused, "the account that an earlier step should have made does not exist")
}

/// What a step wishes for may be words of a mail: they stand in the story, and the detail, which is logged, holds none of them.
fn no_way(wanted: &str, status: &str, possible: &[TransitionView]) -> Fault {
    let names: Vec<String> =
        possible.iter().take(NAMED_MAX).map(|one| format!("{} (to {})", one.name, one.to)).collect();
    let detail = format!("none of {} possible transitions is the wished one", possible.len());
    let public = format!(
        "The workflow has no way to {wanted:?} from the status {status:?}, or the account may not take it; possible: {}.",
        names.join(", ")
    );
    Fault::permanent(FaultCode::TrackerRefused, detail).with_public(public)
}

/// As [`no_way`].
fn no_link_type(named: &str, types: &[LinkType]) -> Fault {
    let names: Vec<&str> = types.iter().take(NAMED_MAX).map(|one| one.name.as_str()).collect();
    let detail = format!("none of {} link types is the wished one", types.len());
    let public = format!("The tracker knows no link type {named:?}, only {}.", names.join(", "));
    Fault::permanent(FaultCode::TrackerRefused, detail).with_public(public)
}

fn means(wanted: &str, id: &str, name: &str) -> bool {
    wanted.trim() == id || wanted.trim().to_lowercase() == name.trim().to_lowercase()
}

/// Whether the issue has the status that the step wants; never for a transition, which is wanted for itself.
fn is_at(issue: &IssueView, goal: &Goal) -> bool {
    matches!(goal, Goal::Status(wanted) if means(wanted, &issue.status_id, &issue.status))
}

/// The type by its name or one of its phrases, and whether it reads outward from the step's issue.
fn link_type<'t>(types: &'t [LinkType], named: &str) -> Option<(&'t LinkType, bool)> {
    let lower = named.trim().to_lowercase();
    let same = |text: &str| text.trim().to_lowercase() == lower;
    let outward = types.iter().find(|one| same(&one.name) || same(&one.outward)).map(|one| (one, true));
    outward.or_else(|| types.iter().find(|one| same(&one.inward)).map(|one| (one, false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(id: &str, must: bool) -> FieldSetting {
        let (id, name, value) = (id.to_owned(), id.to_uppercase(), FieldValue::Text("x".to_owned()));
        FieldSetting { id, name, how: How::Set, value, must }
    }

    fn refused(fields: &[&str]) -> Fault {
        let fields = fields.iter().map(|id| (*id).to_owned()).collect();
        Fault::permanent(FaultCode::TrackerRefused, "no").with_fields(fields)
    }

    fn after(set: &[FieldSetting], fields: &[&str]) -> Option<(Vec<String>, Vec<String>)> {
        let fewer = Fewer { set: set.to_vec(), left_out: Vec::new() }.after(refused(fields), 1).ok()?;
        Some((
            fewer.set.into_iter().map(|one| one.id).collect(),
            fewer.left_out.into_iter().map(|one| one.name).collect(),
        ))
    }

    #[test]
    fn a_refused_field_is_left_out_and_named() {
        let set = [setting("a", false), setting("b", false), setting("c", true)];
        assert_eq!(after(&set, &["a"]), Some((vec!["b".into(), "c".into()], vec!["A".into()])));
        assert_eq!(after(&set[..1], &["a"]), None, "an edit of nothing is no edit");
        assert_eq!(after(&set, &["c"]), None, "the step must not go without it");
        assert_eq!(after(&set, &["a", "summary"]), None, "leaving out ours does not mend what is not ours");
        assert_eq!(after(&set, &[]), None, "nobody knows what was wrong");
        let level = FieldValue::SecurityLevel(policy::Choice::named("Internal"));
        let level = [FieldSetting { value: level, ..setting("security", false) }];
        assert_eq!(after(&level, &["security"]), None, "without it everybody would see the issue");
    }

    #[test]
    fn what_a_mail_wishes_for_is_told_in_the_story_and_not_logged() {
        for fault in [no_way("secret words", "Open", &[]), no_link_type("secret words", &[])] {
            assert!(fault.public.contains("secret words") && !fault.detail.contains("secret"), "{fault:?}");
        }
    }

    #[test]
    fn a_link_type_is_known_by_its_name_or_phrase() {
        let blocks = LinkType {
            id: "1".into(),
            name: "Blocks".into(),
            inward: "is blocked by".into(),
            outward: "blocks".into(),
        };
        let types = [blocks];
        assert_eq!(link_type(&types, "Blocks").map(|found| found.1), Some(true));
        assert_eq!(link_type(&types, "IS blocked by").map(|found| found.1), Some(false));
        assert!(link_type(&types, "Relates").is_none());
    }
}
