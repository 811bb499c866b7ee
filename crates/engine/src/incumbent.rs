//! What another account made in a site, found by reading: in shadow mode, that of the mail handler which is still at work.

use crate::site::{Extent, Site, misunderstood};
use policy::shadow::{Seen, SeenComment, SeenIssue};
use policy::{Fault, FaultCode};
use std::collections::BTreeSet;
use tracker::{Answer, Comment, Created, IssueView, Operation};

/// Pages of one project's issues that are read, at most.
const PAGES_MAX: usize = 100;
/// Issues that are read, at most, and issues whose comments are.
const ISSUES_MAX: usize = 5_000;
/// Pages of one issue's comments that are read, at most.
const COMMENT_PAGES_MAX: u32 = 50;

/// Where to look, and for whose work.
pub struct Look<'a> {
    /// The account's id, or its address or name where only one account is meant by it.
    pub account: &'a str,
    pub projects: &'a [String],
    /// Issues, by numeric id, whose comments are looked at beside those of the issues that the account made.
    pub issues: &'a BTreeSet<String>,
    pub since_minutes: u64,
}

/// The issues that the account made since then in these projects, and its comments on them and on the named issues. What is
/// gone meanwhile is left out. Nothing is changed in the tracker.
///
/// # Errors
/// The account is not known or not the only one; the tracker did not answer; there is more than the limits allow.
pub async fn seen(site: &Site, look: &Look<'_>) -> Result<Seen, Fault> {
    let account = account_id(site, look.account).await?;
    let mut seen = Seen::default();
    for project in look.projects {
        for created in created(site, &account, project, look.since_minutes).await? {
            if let Some(view) = site.issue(&created.id).await? {
                seen.issues.push(seen_issue(view));
            }
        }
    }
    let mut keys: Vec<(String, String)> =
        seen.issues.iter().map(|issue| (issue.id.clone(), issue.key.clone())).collect();
    for id in look.issues {
        if !keys.iter().any(|(known, _)| known == id)
            && let Some(view) = site.issue(id).await?
        {
            keys.push((view.id, view.key));
        }
    }
    if keys.len() > ISSUES_MAX {
        return Err(too_much("issues"));
    }
    for (id, key) in keys {
        let own = comments(site, &id).await?.into_iter().filter(|comment| comment.author_id == account);
        seen.comments.extend(own.map(|comment| SeenComment {
            issue_id: id.clone(),
            issue_key: key.clone(),
            created_at: micros(comment.created_at.as_deref()),
            id: comment.id,
            text: comment.text,
        }));
    }
    Ok(seen)
}

/// The account that is meant; an id is taken as it is.
async fn account_id(site: &Site, named: &str) -> Result<String, Fault> {
    let found = match site.read(&Operation::FindAccounts { query: named.to_owned() }).await? {
        Answer::Accounts(people) => people,
        other => return Err(misunderstood(&other)),
    };
    match found.as_slice() {
        [person] => Ok(person.account_id.clone()),
        [] => match site.read(&Operation::ReadAccount { account: named.to_owned() }).await {
            Ok(Answer::Account(person)) => Ok(person.account_id),
            Ok(other) => Err(misunderstood(&other)),
            Err(fault) if fault.code == FaultCode::TrackerGone => Err(nobody("no account")),
            Err(fault) => Err(fault),
        },
        _ => Err(nobody("more than one account")),
    }
}

fn nobody(found: &str) -> Fault {
    Fault::permanent(FaultCode::SettingsWrong, "the other mail handler's account is not clear")
        .with_public(format!("{found} is meant by that name; say the account's id, as the tracker shows it"))
}

async fn created(site: &Site, account: &str, project: &str, since_minutes: u64) -> Result<Vec<Created>, Fault> {
    let mut found = Vec::new();
    let mut page_token = None;
    for _ in 0..PAGES_MAX {
        let operation = Operation::FindCreated {
            project: project.to_owned(),
            account_id: account.to_owned(),
            since_minutes,
            page_token,
        };
        match site.read(&operation).await? {
            Answer::Found { items, next_page } => {
                found.extend(items);
                page_token = next_page;
            }
            other => return Err(misunderstood(&other)),
        }
        if found.len() > ISSUES_MAX {
            break;
        }
        if page_token.is_none() {
            return Ok(found);
        }
    }
    Err(too_much("issues"))
}

async fn comments(site: &Site, issue_id: &str) -> Result<Vec<Comment>, Fault> {
    match site.comments(issue_id, COMMENT_PAGES_MAX).await {
        Ok((_, Extent::More)) => Err(too_much("comments of one issue")),
        Ok((comments, Extent::All | Extent::FewerThanTold)) => Ok(comments),
        Err(fault) if fault.code == FaultCode::TrackerGone => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

fn too_much(what: &str) -> Fault {
    Fault::permanent(FaultCode::Internal, format!("more {what} than one report reads"))
        .with_public(format!("There are more {what} than one report reads; ask for a shorter time."))
}

fn seen_issue(view: IssueView) -> SeenIssue {
    SeenIssue {
        created_at: micros(view.created_at.as_deref()),
        files: view.files.len(),
        id: view.id,
        key: view.key,
        project: view.project,
        issue_type: view.issue_type,
        summary: view.summary,
    }
}

/// What has no time is near to no mail.
fn micros(time: Option<&str>) -> i64 {
    time.and_then(|time| time.parse::<jiff::Timestamp>().ok()).map_or(i64::MIN, |time| time.as_microsecond())
}
