//! The `[[pkcs11]]` sections: tokens that keep private keys.

use super::super::written::Section;
use super::Reader;
use engine::keys::{KeyTokens, TokenSettings};
use zeroize::Zeroizing;

impl Reader {
    pub(super) fn token(&mut self, section: &Section) -> TokenSettings {
        let file = self.text(section, "module");
        let module = self.folder.join(file);
        if !KeyTokens::ARE_BUILT {
            let why = "would not be used: this program was built without PKCS#11";
            self.wrong(section, "module", why, "leave the section out, or build with --features pkcs11");
        } else if !module.is_file() {
            let why = format!("is {}, and no such file is there", module.display());
            self.wrong(section, "module", &why, "name the library that the maker of the token gives");
        }
        let pin = self.secret(section, "pin").map(|pin| Zeroizing::new(pin.0));
        TokenSettings { name: self.text(section, "name"), module, pin }
    }
}
