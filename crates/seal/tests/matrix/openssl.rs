//! `openssl cms`, a process for each job.

use crate::people::Folder;
use crate::tool::{Encrypting, Made, Signing, Tool, cipher_name, digest_name, said};
use seal::smime::{ContentCipher, Digest, Scheme, Transport};

pub const NAME: &str = "openssl cms";

pub struct OpenSsl<'a> {
    folder: &'a Folder,
}

impl<'a> OpenSsl<'a> {
    pub fn new(folder: &'a Folder) -> OpenSsl<'a> {
        OpenSsl { folder }
    }

    /// What `openssl ARGS -out …` wrote.
    fn made(&self, args: &[&str]) -> Made {
        const OUT: &str = "openssl.out";
        let args = [args, &["-out", OUT]].concat();
        said(&self.folder.tried(&args))?;
        Ok(self.folder.take(OUT))
    }
}

fn digest(scheme: Scheme) -> Option<Digest> {
    match scheme {
        Scheme::RsaPkcs1(digest) | Scheme::RsaPss(digest) | Scheme::Ecdsa(digest) => Some(digest),
        Scheme::Ed25519 => None,
    }
}

impl Tool for OpenSsl<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let output = self.folder.tried(&["version"]);
        String::from_utf8_lossy(&output.stdout).split(' ').nth(1).unwrap_or_default().to_owned()
    }

    fn sign(&self, signing: &Signing) -> Made {
        let (certificate, key) = (format!("{}.pem", signing.who), format!("{}.key", signing.who));
        let mut args = vec!["cms", "-sign", "-binary", "-in", "content", "-signer", &certificate, "-inkey", &key];
        if matches!(signing.scheme, Scheme::RsaPss(_)) {
            args.extend(["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:-1"]);
        }
        args.extend(["-outform", "DER"]);
        args.extend(digest(signing.scheme).map(|digest| ["-md", digest_name(digest)]).into_iter().flatten());
        args.extend(Some("-nodetach").filter(|_| signing.is_opaque));
        args.extend(Some("-stream").filter(|_| signing.is_streamed));
        self.made(&args)
    }

    fn verify(&self, signing: &Signing, cms: &[u8]) -> Made {
        self.folder.write("openssl.in", cms);
        let mut args = vec!["cms", "-verify", "-binary", "-inform", "DER", "-in", "openssl.in", "-CAfile", "ca.pem"];
        args.extend(["-purpose", "smimesign"]);
        args.extend(if signing.is_opaque { &[][..] } else { &["-content", "content"] });
        self.made(&args)
    }

    fn encrypt(&self, encrypting: &Encrypting) -> Made {
        let certificates: Vec<String> = encrypting.whom.iter().map(|who| format!("{who}.pem")).collect();
        let option = match encrypting.cipher {
            ContentCipher::TripleDesCbc => "-des3".to_owned(),
            other => format!("-{}", cipher_name(other)),
        };
        let mut args = vec!["cms", "-encrypt", "-binary", "-in", "content", "-outform", "DER", &option];
        if matches!(encrypting.cipher, ContentCipher::Rc2Cbc(_)) {
            args.extend(["-provider", "legacy", "-provider", "default"]);
        }
        for (who, certificate) in encrypting.whom.iter().zip(&certificates) {
            args.extend(["-recip", certificate]);
            args.extend(match encrypting.transport {
                Transport::Oaep(Digest::Sha1) if who.starts_with("rsa") => &["-keyopt", "rsa_padding_mode:oaep"][..],
                Transport::Oaep(_) if who.starts_with("rsa") => {
                    &["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]
                }
                _ if who.starts_with('p') => &["-keyopt", "ecdh_kdf_md:sha256"],
                _ => &[],
            });
        }
        args.extend(Some("-stream").filter(|_| encrypting.is_streamed));
        self.made(&args)
    }

    fn decrypt(&self, who: &'static str, cms: &[u8]) -> Made {
        self.folder.write("openssl.in", cms);
        let (certificate, key) = (format!("{who}.pem"), format!("{who}.key"));
        let mut args = vec!["cms", "-decrypt", "-binary", "-inform", "DER", "-in", "openssl.in"];
        args.extend(["-recip", &certificate, "-inkey", &key]);
        self.made(&args)
    }

    fn seal_mail(&self, who: &'static str, entity: &[u8]) -> Made {
        let (certificate, key) = (format!("{who}.pem"), format!("{who}.key"));
        self.folder.write("openssl.entity", entity);
        let signed = self.made(&["cms", "-sign", "-in", "openssl.entity", "-signer", &certificate, "-inkey", &key])?;
        self.folder.write("openssl.signed", &signed);
        let mut args = vec!["cms", "-encrypt", "-in", "openssl.signed", "-aes-256-cbc", "-subject", "Help"];
        args.extend(["-from", "a@example.com", "-to", "b@example.com", "-recip", &certificate]);
        self.made(&args)
    }

    fn open_mail(&self, who: &'static str, mail: &[u8]) -> Made {
        self.folder.write("openssl.in", mail);
        let (certificate, key) = (format!("{who}.pem"), format!("{who}.key"));
        let inner = self.made(&["cms", "-decrypt", "-in", "openssl.in", "-recip", &certificate, "-inkey", &key])?;
        self.folder.write("openssl.inner", &inner);
        self.made(&["cms", "-verify", "-in", "openssl.inner", "-CAfile", "ca.pem", "-purpose", "smimesign"])
    }
}
