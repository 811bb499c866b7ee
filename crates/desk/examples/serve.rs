//! Serves a desk with project DEMO and a few issues at the address given, to look at its pages.
#![allow(clippy::unwrap_used)]

use desk::{Account, Desk, Settings};

#[tokio::main]
async fn main() {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).expect("a folder"));
    let address = std::env::args().nth(2).expect("an address such as 127.0.0.1:8080");
    let account = Account { address: "gateway@example.com".into(), token: "token".into(), name: "Mail gateway".into() };
    std::fs::create_dir_all(&folder).unwrap();
    let mut settings = Settings::new(folder.join("desk.sqlite"), folder.join("files"), account);
    settings.test_controls = true;
    let desk = Desk::open(settings).await.unwrap();
    desk.seed_demo().await.unwrap();
    desk.serve(tokio::net::TcpListener::bind(address).await.unwrap(), std::future::pending()).await.unwrap();
}
