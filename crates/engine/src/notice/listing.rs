//! What the search of a summary finds.

use super::inquiry::issue_now;
use crate::facts::told::{not_so, told};
use crate::site::Site;
use policy::notify::Facts;
use policy::notify::summary::{Listed, Listing};
use policy::{Fault, FaultCode, Told};
use tracker::{Answer, ListedIssue, Operation};

/// Reads it in this order, so many issues; a search that the tracker refuses is told to nobody.
pub(super) async fn read(site: &Site, how: Option<&(String, u32)>, search: &str) -> Result<Told<Listing>, Fault> {
    let Some((order, most)) = how else {
        return Err(Fault::permanent(FaultCode::Internal, "a listing was asked for by no summary"));
    };
    let operation = Operation::ListIssues { search: search.to_owned(), order: order.clone(), most: *most };
    match told(site.read(&operation).await)? {
        Told::Known(Answer::Listed { issues, more }) => {
            Ok(Told::Known(Listing { issues: issues.into_iter().map(listed).collect(), more }))
        }
        other => not_so(other),
    }
}

/// Each issue that was found is known from then on.
pub(super) fn remember(found: &Told<Listing>, facts: &mut Facts) {
    if let Told::Known(listing) = found {
        for one in &listing.issues {
            if !facts.issues.iter().any(|(id, _)| *id == one.id) {
                facts.issues.push((one.id.clone(), Told::Known(one.now.clone())));
            }
        }
    }
}

fn listed(one: ListedIssue) -> Listed {
    let ListedIssue { issue, resolution, created_ms, updated_ms, due } = one;
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Listed {
        id: issue.id.clone(),
        reporter: issue.reporter.as_ref().map(|person| person.name.clone()),
        assignee: issue.assignee.as_ref().map(|person| person.name.clone()),
        now: issue_now(issue),
        resolution: some(resolution),
        due: some(due),
        created_ms,
        updated_ms,
        came_sealed: false,
    }
}
