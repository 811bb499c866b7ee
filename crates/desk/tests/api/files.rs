//! Attachments: too large ones leave nothing behind, deleted ones neither, and names stay names.

use crate::client::start_with;
use reqwest::Method;
use reqwest::multipart::{Form, Part};

const PIECE: usize = 1 << 20;

#[tokio::test]
async fn a_file_above_the_limit_is_refused_and_leaves_nothing() {
    let mut folder = std::path::PathBuf::new();
    let running = start_with(|settings| {
        settings.attachment_size_max_bytes = PIECE as u64;
        folder = settings.files.clone();
    })
    .await;
    let key = running.create("Limited").await;
    let request = running.request(Method::POST, &format!("/rest/api/3/issue/{key}/attachments"));
    let form = Form::new()
        .part("file", Part::bytes(vec![0; PIECE]).file_name("fits.bin"))
        .part("file", Part::bytes(vec![0; PIECE + 1]).file_name("a.bin"));
    let response = request.header("X-Atlassian-Token", "no-check").multipart(form).send().await.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "also the file that fitted is gone");
    let (_, issue) = running.get(&format!("/issue/{key}?fields=attachment")).await;
    assert_eq!(issue["fields"]["attachment"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_deleted_issue_takes_its_files_along() {
    let mut folder = std::path::PathBuf::new();
    let running = start_with(|settings| folder = settings.files.clone()).await;
    let key = running.create("Goes").await;
    let request = running.request(Method::POST, &format!("/rest/api/3/issue/{key}/attachments"));
    let form = Form::new().part("file", Part::bytes(b"x".to_vec()).file_name("../../../etc/passwd"));
    request.header("X-Atlassian-Token", "no-check").multipart(form).send().await.unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "the name of the file stays inside the folder");
    assert_eq!(running.delete(&format!("/issue/{key}")).await.0, 204);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}
