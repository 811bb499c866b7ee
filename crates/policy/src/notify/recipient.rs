//! From the people whom a mapping means to those whom it may write to, and why it may not write to the others.

use super::audience::{Because, Candidate};
use super::facts::{IssueNow, Person, Whom};
use super::inquiry::{Inquiry, OPEN};
use crate::decide::is_plain_address;
use crate::outbound::{Held, Tell};
use crate::profile::Pattern;
use crate::template::view::Reason;
use crate::{StepKey, Told, letter_number};
use mail::normalised;
use std::collections::HashMap;

/// Somebody who has an address, before anybody asked what he may see.
#[derive(Debug, Clone)]
pub(super) struct Reachable<'f> {
    /// The account, with who has it; `None` for somebody without one.
    pub(super) account: Option<(String, &'f Person)>,
    /// Whether `address` is the account's own. Any other that leads to it may be somebody else's, so it opens nothing.
    is_own: bool,
    /// As it is written to.
    pub(super) address: String,
    pub(super) normalised: String,
    /// Not empty where he was meant.
    pub(super) because: Vec<Because>,
    /// Whether it is no person but a channel; then the address is its name in words.
    pub(super) is_channel: bool,
}

impl Reachable<'_> {
    /// Whether he is told only of what is for everybody: a customer, somebody without an account, or whoever reads mail at an
    /// address that is not the account's own.
    pub(super) fn is_outsider(&self) -> bool {
        self.insider().is_none() || self.account.as_ref().is_some_and(|(_, person)| person.is_customer)
    }

    /// The account whose rights he has beyond what is for everybody.
    pub(super) fn insider(&self) -> Option<&str> {
        self.account_id().filter(|_| self.is_own)
    }

    pub(super) fn account_id(&self) -> Option<&str> {
        self.account.as_ref().map(|(id, _)| id.as_str())
    }

    /// What stands for him in keys, which are shown where people are not: the beginning of a digest.
    pub(super) fn number(&self) -> String {
        format!("{:016x}", letter_number(&StepKey(self.whom().to_string())))
    }

    /// Who he is, however he was found.
    pub(super) fn whom(&self) -> Whom {
        match &self.account {
            Some((id, _)) => Whom::Account(id.clone()),
            None => Whom::Address(self.normalised.clone()),
        }
    }

    /// Whether this is he.
    pub(super) fn is(&self, whom: &Whom) -> bool {
        match whom {
            Whom::Account(id) => self.account_id() == Some(id),
            Whom::Address(address) => normalised(address) == self.normalised,
        }
    }

    /// As the story names him.
    pub(super) fn shown(&self) -> String {
        match &self.account {
            Some((id, person)) if person.name.is_empty() => format!("account {id}"),
            Some((id, person)) => format!("{} (account {id})", person.name),
            None => self.address.clone(),
        }
    }
}

/// Those who have an address, each once, accounts first; and the others, with why.
pub(super) fn reachable<'f>(
    candidates: &[Candidate],
    inquiry: &mut Inquiry<'f>,
) -> (Vec<Reachable<'f>>, Vec<(Whom, String)>) {
    let mut found: Vec<Reachable<'f>> = Vec::new();
    let mut at: HashMap<Whom, usize> = HashMap::new();
    let mut others = Vec::new();
    let mut waits = false;
    let is_account = |candidate: &&Candidate| matches!(candidate.whom, Whom::Account(_));
    let (accounts, addresses): (Vec<_>, Vec<_>) = candidates.iter().partition(is_account);
    for candidate in accounts.into_iter().chain(addresses) {
        let one = match &candidate.whom {
            Whom::Account(id) => of_account(id, None, inquiry),
            // The people of accounts say whose an address is, so they are asked for first.
            Whom::Address(_) if waits => Err(OPEN.to_owned()),
            Whom::Address(address) => of_address(address, inquiry),
        };
        waits |= matches!((&candidate.whom, &one), (Whom::Account(_), Err(why)) if why == OPEN);
        let one = match one {
            Ok(one) => one,
            Err(why) => {
                others.push((candidate.whom.clone(), why));
                continue;
            }
        };
        // One person is told once, at his account's own address if that is among those that were found, with all that speaks for it.
        let index = *at.entry(one.whom()).or_insert(found.len());
        match found.get_mut(index) {
            Some(known) if one.is_own && !known.is_own => *known = Reachable { because: known.because.clone(), ..one },
            Some(_) => {}
            None => found.push(one),
        }
        for why in &candidate.because {
            if let Some(known) = found.get_mut(index).filter(|known| !known.because.contains(why)) {
                known.because.push(why.clone());
            }
        }
    }
    (found, others)
}

/// The person of an account, at the address by which he was named or else at the account's own.
fn of_account<'f>(id: &str, named: Option<&str>, inquiry: &mut Inquiry<'f>) -> Result<Reachable<'f>, String> {
    let person = inquiry.person(id)?.ok_or("the tracker knows no such account")?;
    if !person.active {
        return Err("the account is not active".to_owned());
    }
    let own = person.address.as_deref();
    let address = named.or(own).ok_or("no address of the account is known")?;
    let is_own = own.is_some_and(|own| normalised(own) == normalised(address));
    Ok(Reachable { account: Some((id.to_owned(), person)), is_own, ..at_address(address)? })
}

/// Whoever has this address: the account that has it, whoever named it, so that nobody gets by his address what his account may not see.
fn of_address<'f>(address: &str, inquiry: &mut Inquiry<'f>) -> Result<Reachable<'f>, String> {
    let reachable = at_address(address)?;
    let owner = inquiry.owner(&reachable.normalised);
    match owner.map_err(|why| format!("whether an account has this address: {why}"))? {
        Some(id) => of_account(id, Some(&reachable.address), inquiry),
        None => Ok(reachable),
    }
}

fn at_address<'f>(address: &str) -> Result<Reachable<'f>, String> {
    let address = address.trim();
    if !is_plain_address(address) {
        return Err(format!("{address:?} is no address that can be written to"));
    }
    let (address, normalised) = (address.to_owned(), normalised(address));
    Ok(Reachable { account: None, is_own: false, address, normalised, because: Vec::new(), is_channel: false })
}

/// Why nothing is written to him, whatever happened; `None` when something may be.
pub(super) fn refused(
    one: &Reachable,
    issue_id: &str,
    issue: &IssueNow,
    held: &Held,
    inquiry: &mut Inquiry,
) -> Option<String> {
    let of_list = of_lists(one, held);
    if of_list.is_some() {
        return of_list;
    }
    // Both are asked for at the same time.
    let silence = silence(one, issue_id, inquiry);
    let may_see = may_see(one, issue_id, issue, inquiry);
    silence.or(may_see.err())
}

/// Why nothing that somebody writes on purpose goes to him, whether he may see the issue or not.
pub(super) fn unwanted(one: &Reachable, issue_id: &str, held: &Held, inquiry: &mut Inquiry) -> Option<String> {
    of_lists(one, held).or_else(|| silence(one, issue_id, inquiry))
}

fn silence(one: &Reachable, issue_id: &str, inquiry: &mut Inquiry) -> Option<String> {
    match inquiry.silence(issue_id, &one.normalised) {
        Err(why) => Some(format!("whether letters are wanted at this address: {why}")),
        Ok(why) => why.map(str::to_owned),
    }
}

/// What the lists of the file say against him.
pub(super) fn of_lists(one: &Reachable, held: &Held) -> Option<String> {
    match held.tell {
        Tell::Accounts if one.account.is_none() => Some("only people with an account are told (tell)".to_owned()),
        Tell::Addresses if one.account.is_some() => Some("only people without one are told (tell)".to_owned()),
        _ => against_address(&one.normalised, held),
    }
}

/// What the lists of the file say against a normalised address, whoever has it.
pub(super) fn against_address(address: &str, held: &Held) -> Option<String> {
    let some = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(address));
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let is_below =
        |disabled: &str| domain.strip_suffix(disabled).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let domain_of = |disabled: &String| normalised(&format!("@{disabled}")).trim_start_matches('@').to_owned();
    if some(&held.exclude) {
        return Some("the address is excluded (exclude)".to_owned());
    }
    if held.disabled_domains.iter().any(|disabled| is_below(&domain_of(disabled))) {
        return Some(format!("nothing is written to {domain} (disabled_domains)"));
    }
    (!held.include.is_empty() && !some(&held.include)).then(|| "the address is not among those of include".to_owned())
}

/// Whether he may see the issue, or might as long as it was there: by the tracker's word for an account; and where the address is no account's own only if no security level
/// guards it.
pub(super) fn may_see(one: &Reachable, issue_id: &str, issue: &IssueNow, inquiry: &mut Inquiry) -> Result<(), String> {
    match &issue.security {
        Told::Known(Some(level)) if issue.gone => {
            return Err(format!(
                "the issue had the security level {level:?}, and nobody can be asked who is within it"
            ));
        }
        Told::Untold(why) if issue.gone => {
            return Err(format!("whether the issue had a security level: it was not told ({why})"));
        }
        _ => {}
    }
    if let Some(account) = one.account_id() {
        match inquiry.sees_issue(issue_id, account) {
            Ok(true) => {}
            Ok(false) => return Err("the account may not see the issue".to_owned()),
            Err(why) => return Err(format!("whether the account may see the issue: {why}")),
        }
    }
    match one.insider() {
        Some(_) => Ok(()),
        None => is_open(issue, "the address is no account's own"),
    }
}

/// Whether no security level guards the issue; `who` says in the reason why that matters.
fn is_open(issue: &IssueNow, who: &str) -> Result<(), String> {
    match &issue.security {
        Told::Known(None) => Ok(()),
        Told::Known(Some(level)) => Err(format!("the issue has the security level {level:?}, and {who}")),
        Told::Untold(why) => Err(format!("whether the issue has a security level: it was not told ({why})")),
    }
}

/// A channel, which is told no more than somebody without an account.
///
/// # Errors
/// Why it is told nothing of this issue.
pub(super) fn channel<'f>(name: &str, issue: &IssueNow) -> Result<Reachable<'f>, String> {
    is_open(issue, "nobody knows who reads a channel")?;
    let address = in_words(name);
    let because = Because { said: format!("the mapping names the channel {name:?}"), reason: Reason::Named };
    let normalised = address.clone();
    Ok(Reachable { account: None, is_own: false, address, normalised, because: vec![because], is_channel: true })
}

/// A channel as the story names it.
pub(super) fn in_words(channel: &str) -> String {
    format!("channel {channel}")
}
