//! Who gets a summary, and which issues it shows him: from its recipients and what its search finds to letters, each with its reason.

mod letter;
mod search;

use super::audience::{Because, Candidate};
use super::facts::{Audience, Facts, IssueNow, Question, Whom};
use super::inquiry::Inquiry;
use super::recipient::{self, Reachable};
use super::{Recipient, Style, style};
use crate::decide::Trace;
use crate::outbound::{Action, Column, Empty, Held, Mappings, Summary};
use crate::template::view::Reason;
use crate::{StepKey, Told, letter_number};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};

pub use letter::SummaryOwn;
pub use search::is_personal;

/// How often [`ask`] may be answered before nothing is open: its groups and roles; accounts and the owners of addresses; the people of those;
/// silences and searches; who sees what.
pub const ROUNDS_MAX: usize = 8;
/// Of the issues that a search finds so many times as many as a letter shows are looked at, so that it can say how many more there are.
const LOOKED_AT: u32 = 2;

/// What a search found, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    pub issues: Vec<Listed>,
    /// It finds more than were read.
    pub more: bool,
}

/// An issue that a search found, with what a summary may show of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    pub id: String,
    pub now: IssueNow,
    /// The name of whoever reported it, and of whom it is assigned to.
    #[serde(default)]
    pub reporter: Option<String>,
    #[serde(default)]
    pub assignee: Option<String>,
    #[serde(default)]
    pub resolution: Option<String>,
    /// In milliseconds since 1970.
    #[serde(default)]
    pub created_ms: Option<i64>,
    #[serde(default)]
    pub updated_ms: Option<i64>,
    /// A day, as `2026-12-24`.
    #[serde(default)]
    pub due: Option<String>,
    /// It has got something of a mail that came encrypted, so nothing is said of it but its key (SEC-15).
    #[serde(default)]
    pub came_sealed: bool,
}

/// What one recipient is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryLetter {
    /// The same whenever the same person gets the same summary for the same time.
    pub key: StepKey,
    /// The name of the summary, and what stands for it.
    pub summary: String,
    pub id: String,
    pub subject: String,
    pub recipient: Recipient,
    pub style: Style,
    /// What he may see of what was found, in its order; empty only where an empty letter is wanted.
    pub issues: Vec<Listed>,
    pub columns: Vec<Column>,
    /// How many further issues he may see, and whether there may be others that were not looked at.
    pub further: u32,
    pub perhaps_more: bool,
    pub actions: Vec<Action>,
    /// The search as it finds the same for him in the tracker; `None` for an outsider.
    pub search: Option<String>,
    pub because: Reason,
    /// One sentence: why he gets it.
    pub reason: String,
}

/// Somebody who was considered and gets nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithoutLetter {
    pub whom: String,
    pub why: String,
}

/// The decision about one summary at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summed {
    pub letters: Vec<SummaryLetter>,
    pub left_out: Vec<WithoutLetter>,
    /// Each question, its answer, and what it decided.
    pub trace: Vec<String>,
}

/// When a summary is due, as its letters are known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// In milliseconds since 1970.
    pub at_ms: i64,
    /// A person asked for it; else its time came.
    pub by_hand: bool,
}

/// The facts before anything was found out: where its groups and roles are asked for stands for an issue.
pub fn first_facts(summary: &Summary, gateway: &str) -> Facts {
    let places = std::iter::once("").chain(summary.projects.iter().map(String::as_str));
    let issues = places.map(|project| (place(summary, project), Told::Known(nowhere(project)))).collect();
    Facts { gateway: gateway.to_owned(), issues, ..Facts::default() }
}

/// The questions that are still open before it can be decided; empty when there are none.
pub fn ask(summary: &Summary, mappings: &Mappings, facts: &Facts) -> Vec<Question> {
    let mut inquiry = Inquiry::of(facts);
    let now = Occasion { at_ms: 0, by_hand: false };
    Walk { summary, held: &mappings.held_by_summary(summary), occasion: now }.go(&mut inquiry);
    inquiry.open()
}

/// Who gets what. Total: what is not known is not told. Nobody is shown an issue unless the facts hold the tracker's yes for his account;
/// somebody without an account is shown those without a security level alone.
pub fn decide(summary: &Summary, mappings: &Mappings, occasion: Occasion, facts: &Facts) -> Summed {
    let mut summed = Walk { summary, held: &mappings.held_by_summary(summary), occasion }.go(&mut Inquiry::of(facts));
    if facts.letters_are_sealed {
        summed.letters.iter_mut().for_each(SummaryLetter::seal_what_came_sealed);
    }
    summed
}

impl SummaryLetter {
    /// Where it can be sealed it says what it says; else its rows say only where to look (SEC-15).
    fn seal_what_came_sealed(&mut self) {
        if self.issues.iter().any(|issue| issue.came_sealed) && !self.style.withheld {
            self.style.must_be_sealed = true;
            self.reason.push_str("; something of it came encrypted, so it leaves sealed or only says where to look");
        }
    }
}

/// The issues that searches found and no security level guards, as it was told: before anybody is shown them that is asked anew.
pub fn unguarded(facts: &Facts) -> BTreeSet<String> {
    let listings = facts.listings.iter().filter_map(|(_, told)| told.known());
    let found = listings.flat_map(|listing| &listing.issues);
    found.filter(|one| one.now.security == Told::Known(None)).map(|one| one.id.clone()).collect()
}

/// The ids of all issues that searches found.
pub fn listed(facts: &Facts) -> BTreeSet<String> {
    let listings = facts.listings.iter().filter_map(|(_, told)| told.known());
    listings.flat_map(|listing| &listing.issues).map(|one| one.id.clone()).collect()
}

/// Says of each issue that was found whether it is among those that came in sealed.
pub fn mark_sealed(facts: &mut Facts) {
    for (_, told) in &mut facts.listings {
        let Told::Known(listing) = told else { continue };
        for one in &mut listing.issues {
            one.came_sealed = facts.came_sealed.contains(&one.id);
        }
    }
}

/// What is told of an issue's security level when it is asked anew. Nobody is shown one that got a level since its search found it: who may
/// see it was asked before.
pub fn looked_again(issue_id: &str, security: &Told<Option<String>>, facts: &mut Facts) {
    if *security == Told::Known(None) {
        return;
    }
    for (_, told) in &mut facts.listings {
        let Told::Known(listing) = told else { continue };
        for one in listing.issues.iter_mut().filter(|one| one.id == issue_id) {
            one.now.security = security.clone();
        }
    }
    for (_, _, told) in facts.sees_issue.iter_mut().filter(|(id, ..)| id == issue_id) {
        *told = Told::Untold("it got a security level meanwhile".to_owned());
    }
}

/// By which way out its letters leave; empty for the site's own.
pub fn way_out(summary: &Summary, mappings: &Mappings) -> String {
    mappings.held_by_summary(summary).outgoing
}

/// How many issues are read for a summary.
pub fn issues_read(summary: &Summary) -> u32 {
    (summary.issues_max * LOOKED_AT).min(crate::outbound::SUMMARY_ISSUES_MAX)
}

/// The search that is put to the tracker, and its order; empty for none.
pub fn order(summary: &Summary) -> &str {
    &summary.order
}

/// What stands for an issue where its groups, or the roles of a project, are asked for.
fn place(summary: &Summary, project: &str) -> String {
    if project.is_empty() { summary.id() } else { format!("{} {project}", summary.id()) }
}

fn nowhere(project: &str) -> IssueNow {
    IssueNow {
        key: String::new(),
        project: project.to_owned(),
        gone: false,
        security: Told::Known(None),
        reporter: None,
        assignee: None,
        summary: String::new(),
        issue_type: String::new(),
        status: String::new(),
        status_category: String::new(),
        priority: String::new(),
        labels: Vec::new(),
        components: Vec::new(),
    }
}

struct Walk<'w> {
    summary: &'w Summary,
    held: &'w Held,
    occasion: Occasion,
}

/// Of more people beyond `audience_max` the story tells how many they are.
const TOO_MANY_TOLD: usize = 100;

/// What somebody may see of a listing.
struct Seen {
    issues: Vec<Listed>,
    perhaps_more: bool,
}

impl Walk<'_> {
    fn go(&self, inquiry: &mut Inquiry) -> Summed {
        let mut done = Summed::default();
        let mut trace = Trace::default();
        let (candidates, too_many) = self.meant(inquiry, &mut trace);
        let (people, unreachable) = recipient::reachable(&candidates, inquiry);
        let more = too_many.len().saturating_sub(TOO_MANY_TOLD);
        for (whom, why) in too_many.into_iter().take(TOO_MANY_TOLD).chain(unreachable) {
            done.left_out.push(WithoutLetter { whom: whom.to_string(), why });
        }
        if more > 0 {
            let why = self.too_many();
            done.left_out.push(WithoutLetter { whom: format!("{more} more people"), why });
        }
        let mut written = HashSet::new();
        for one in people {
            let judged = match self.refused(&one, inquiry) {
                Some(why) => Err(why),
                None => self.seen_by(&one, inquiry, &mut trace),
            };
            match judged {
                Ok(_) if !written.insert(one.normalised.clone()) => {
                    let why = "somebody else at this address gets it".to_owned();
                    done.left_out.push(WithoutLetter { whom: one.shown(), why });
                }
                Ok(seen) => done.letters.push(self.letter(&one, seen)),
                Err(why) => done.left_out.push(WithoutLetter { whom: one.shown(), why }),
            }
        }
        done.trace = trace.0;
        done
    }

    /// Whom it names, each once with all that speaks for it, and those who are too many.
    fn meant(&self, inquiry: &mut Inquiry, trace: &mut Trace) -> (Vec<Candidate>, Vec<(Whom, String)>) {
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut at: HashMap<Whom, usize> = HashMap::new();
        let (mut too_many, mut spare) = (Vec::new(), HashSet::new());
        for (because, people) in self.parts(inquiry, trace) {
            for (number, whom) in people.into_iter().enumerate() {
                match at.get(&whom).and_then(|at| candidates.get_mut(*at)) {
                    Some(known) if known.because.contains(&because) => {}
                    Some(known) => known.because.push(because.clone()),
                    None if number >= self.held.audience_max as usize => {
                        // Whoever is in several of them is told of once.
                        if spare.insert(whom.clone()) {
                            too_many.push((whom, self.too_many()));
                        }
                    }
                    None => {
                        at.insert(whom.clone(), candidates.len());
                        candidates.push(Candidate { whom, because: vec![because.clone()] });
                    }
                }
            }
        }
        too_many.retain(|(whom, _)| !at.contains_key(whom));
        (candidates, too_many)
    }

    fn too_many(&self) -> String {
        format!("one group, role or list may have {} people (audience_max)", self.held.audience_max)
    }

    /// The parts of its audience with those who belong to each.
    fn parts(&self, inquiry: &mut Inquiry, trace: &mut Trace) -> Vec<(Because, Vec<Whom>)> {
        let Held { accounts, addresses, groups, roles, .. } = self.held;
        let named = || Because { said: "is named by the summary".to_owned(), reason: Reason::Named };
        let mut parts: Vec<(Because, Vec<Whom>)> = vec![
            (named(), accounts.iter().cloned().map(Whom::Account).collect()),
            (named(), addresses.iter().cloned().map(Whom::Address).collect()),
        ];
        let mut ask = |because: Because, place: String, audience: Audience| {
            let question = format!("Who {}?", because.said);
            match inquiry.who(&place, &audience) {
                Ok(people) => {
                    trace.note(&question, format!("{} found", people.len()), "each of them is looked at");
                    parts.push((because, people.to_vec()));
                }
                Err(why) => trace.note(&question, why, "nobody of them gets it"),
            }
        };
        for group in groups {
            let because = Because { said: format!("is in the group {group:?}"), reason: Reason::Group(group.clone()) };
            ask(because, place(self.summary, ""), Audience::Group(group.clone()));
        }
        for (role, project) in roles.iter().flat_map(|role| self.summary.projects.iter().map(move |key| (role, key))) {
            let because =
                Because { said: format!("has the role {role:?} in {project}"), reason: Reason::Role(role.clone()) };
            ask(because, place(self.summary, project), Audience::Role(role.clone()));
        }
        parts
    }

    /// Why nothing is written to him, whatever is found.
    fn refused(&self, one: &Reachable, inquiry: &mut Inquiry) -> Option<String> {
        let is_gateway = !inquiry.gateway().is_empty() && one.account_id() == Some(inquiry.gateway());
        if is_gateway {
            return Some("it is the gateway's own account".to_owned());
        }
        recipient::of_lists(one, self.held).or_else(|| match inquiry.silence(&self.summary.id(), &one.normalised) {
            Err(why) => Some(format!("whether letters are wanted at this address: {why}")),
            Ok(why) => why.map(str::to_owned),
        })
    }

    /// What he is shown, or why nothing.
    fn seen_by(&self, one: &Reachable, inquiry: &mut Inquiry, trace: &mut Trace) -> Result<Seen, String> {
        let Some(search) = search::search_for(&self.summary.jql, one.insider()) else {
            return Err("the search asks for currentUser(), and he has no account whose own address this is".to_owned());
        };
        let listing = inquiry.listing(&search).map_err(|why| format!("what the search finds: {why}"))?;
        let mut issues = Vec::new();
        let mut unknown: Option<String> = None;
        for listed in &listing.issues {
            match recipient::may_see(one, &listed.id, &listed.now, inquiry) {
                Ok(()) => issues.push(listed.clone()),
                Err(why) => {
                    let question = format!("Is {} shown to {}?", listed.now.key, one.shown());
                    trace.note(&question, format!("no, {why}"), "his letter is silent of it");
                    unknown = unknown.or(Some(why));
                }
            }
        }
        if issues.is_empty() && self.summary.empty == Empty::Skip {
            return Err(match unknown {
                None if listing.issues.is_empty() => "the search finds nothing for him (empty = \"skip\")".to_owned(),
                why => format!(
                    "of what the search finds he may see nothing (empty = \"skip\"): {}",
                    why.unwrap_or_default()
                ),
            });
        }
        Ok(Seen { issues, perhaps_more: listing.more && !one.is_outsider() })
    }

    fn letter(&self, one: &Reachable, seen: Seen) -> SummaryLetter {
        let Walk { summary, held, occasion } = self;
        let outsider = one.is_outsider();
        let recipient = super::recipient_of(one, held);
        let Seen { mut issues, perhaps_more } = seen;
        let further = issues.len().saturating_sub(summary.issues_max as usize);
        issues.truncate(summary.issues_max as usize);
        let may_read = |column: &Column| !outsider || column.is_for_outsiders(&held.outsider_fields);
        let said: Vec<&str> = one.because.iter().map(|because| because.said.as_str()).collect();
        let number = letter_number(&StepKey(one.whom().to_string()));
        let how = if occasion.by_hand { "a person sent the summary" } else { "it was time for the summary" };
        SummaryLetter {
            key: StepKey(format!("summary:{}/{}/{number:016x}", summary.id(), occasion.at_ms)),
            summary: summary.name.clone(),
            id: summary.id(),
            subject: if summary.subject.is_empty() { summary.name.clone() } else { summary.subject.clone() },
            recipient,
            style: style(held),
            issues,
            columns: summary.columns.iter().copied().filter(may_read).collect(),
            further: u32::try_from(further).unwrap_or(u32::MAX),
            perhaps_more,
            // Only an account may have the right to more than to comment.
            actions: if outsider { Vec::new() } else { summary.actions.clone() },
            search: (!outsider).then(|| summary.jql.clone()),
            because: one.because.first().map(|because| because.reason.clone()).unwrap_or_default(),
            reason: format!("{}; {how} {:?}", said.join(" and "), summary.name),
        }
    }
}
