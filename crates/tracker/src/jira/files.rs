//! How the bytes of files are asked for, and by which paths people's words name them.

use super::Kind;
use super::path::segment;
use crate::http::{Content, Method, Request};
use crate::operation::Operation;

/// The longer side of small pictures, in pixels: twice what letters show, for dense screens.
const THUMBNAIL_PIXELS: u32 = 96;

/// The request for one of these operations; `None` for any other. In the cloud Jira is told not to lead on to its media service, which is
/// another host; Data Center hands files out beside its interface.
pub(super) fn request(kind: Kind, operation: &Operation) -> Option<Request> {
    Some(match operation {
        Operation::ReadFile { id, name, .. } => get(match kind {
            Kind::Cloud => format!("{}/attachment/content/{}?redirect=false", kind.api(), segment(id)),
            Kind::DataCenter => format!("/secure/attachment/{}/{}", segment(id), segment(name)),
        }),
        Operation::ReadThumbnail { id } => get(match kind {
            Kind::Cloud => format!(
                "{}/attachment/thumbnail/{}?redirect=false&fallbackToDefault=false&width={THUMBNAIL_PIXELS}&height={THUMBNAIL_PIXELS}",
                kind.api(),
                segment(id)
            ),
            Kind::DataCenter => format!("/secure/thumbnail/{0}/_thumb_{0}.png", segment(id)),
        }),
        _ => return None,
    })
}

/// The paths, below the base of the site's pages, by which words show or link a file, each with all that stands below it.
pub fn paths(id: &str) -> Vec<String> {
    let id = segment(id);
    let interfaces = ["2", "3"].map(|version| format!("/rest/api/{version}"));
    let by_interface =
        interfaces.iter().flat_map(|api| ["content", "thumbnail"].map(|what| format!("{api}/attachment/{what}/{id}")));
    let by_pages = ["attachment", "thumbnail"].map(|what| format!("/secure/{what}/{id}"));
    by_interface.chain(by_pages).collect()
}

/// Whatever the file is, it is not read as Jira's JSON.
fn get(path: String) -> Request {
    let headers = vec![("Accept", "*/*".to_owned())];
    Request { method: Method::Get, path, headers, content: Content::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_to_another_file() {
        let (id, name, content_type) = ("10/../7".to_owned(), "../a b?c#d.png".to_owned(), String::new());
        let one = Operation::ReadFile { id, name, content_type };
        let path = |kind| request(kind, &one).map(|request| request.path);
        let there = "/secure/attachment/10%2F..%2F7/..%2Fa%20b%3Fc%23d.png";
        assert_eq!(path(Kind::DataCenter).as_deref(), Some(there));
        assert_eq!(path(Kind::Cloud).as_deref(), Some("/rest/api/3/attachment/content/10%2F..%2F7?redirect=false"));
        assert!(paths("7").contains(&"/secure/attachment/7".to_owned()));
    }
}
