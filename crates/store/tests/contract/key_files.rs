//! Files of private keys that the vault seals.

use crate::home::*;
use policy::FaultCode;
use store::KeyFiles;

pub async fn the_vault_alone_opens_its_files(home: Home) {
    let plain = b"-----BEGIN PRIVATE KEY-----\nplanted\n";
    let store = home.open().await;
    let file = store.key_files().await.unwrap().seal(plain).unwrap();
    assert!(KeyFiles::is_one(&file) && !KeyFiles::is_one(plain));
    assert!(!file.windows(7).any(|bytes| bytes == b"planted"));
    // Another process, and one that came before the file, open it by the same key book.
    let again = home.open().await.key_files().await.unwrap();
    assert_eq!(*again.open(&file).unwrap(), plain);
    assert_eq!(*store.key_files().await.unwrap().open(&again.seal(b"").unwrap()).unwrap(), b"");
    let other = Home::sqlite();
    let stranger = other.open().await.key_files().await.unwrap();
    assert_eq!(stranger.open(&file).unwrap_err().code, FaultCode::KeyUnavailable);
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(again.open(&changed).is_err(), "byte {at} was changed and nobody saw it");
        assert!(again.open(&file[..at]).is_err(), "cut to {at}");
    }
    assert!(again.open(plain).is_err());
}
