//! A profile: how the mails of some mailboxes are treated, as an administrator writes it in TOML.

/// A profile that has been read and found consistent.
#[derive(Debug, Clone)]
pub struct Profile {
    pub name: String,
    /// Of the stored version; 0 when it did not come out of the store.
    pub version: u32,
}

impl Profile {
    /// Reads a profile. The fault's public text names the key, the value, the file (`origin`) and the remedy, one line each.
    pub fn from_toml(name: &str, text: &str, origin: &str) -> Result<Profile, crate::Fault> {
        let _ = (name, text, origin);
        unimplemented!("being written")
    }
}
