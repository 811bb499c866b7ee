//! Tokens behind a module of PKCS#11: sessions that are used one at a time, opened again when a token went and came back.

use super::speech::{agree, decrypt, public_of, sign};
use super::{KeyUri, TokenSettings, TokenTrouble};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use seal::Trouble;
use seal::key::{Curve, PrivateKey, Secret};
use seal::smime::{Certificate, PublicKey, Scheme, Transport};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Operations that a token has at once.
const ASKED_MAX: usize = 32;
/// Certificates beside a key that are read.
const CERTIFICATES_MAX: usize = 16;

/// A token as it was opened at one time.
#[derive(Default)]
pub(super) struct Opened(Mutex<Option<Arc<Token>>>);

impl Opened {
    /// The token, with its module loaded.
    pub(super) fn token(&self, settings: &TokenSettings) -> Result<Arc<Token>, TokenTrouble> {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*opened {
            return Ok(token.clone());
        }
        let token = Arc::new(Token::load(settings)?);
        Ok(opened.insert(token).clone())
    }
}

/// A token behind its module.
pub(super) struct Token {
    module: Pkcs11,
    name: String,
    pin: Option<AuthPin>,
    /// Sessions that nobody uses now.
    idle: Mutex<Vec<Session>>,
    /// A PIN that was refused once is not tried again: the token would lock itself.
    is_refused: AtomicBool,
    /// How often it is asked at the moment.
    asked: AtomicUsize,
}

/// What a token tells of a key.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) public: PublicKey,
    pub(super) certificates: Vec<Certificate>,
}

impl Token {
    fn load(settings: &TokenSettings) -> Result<Token, TokenTrouble> {
        Ok(Token {
            module: loaded(&settings.module)?,
            name: settings.name.clone(),
            pin: settings.pin.as_ref().map(|pin| AuthPin::from(pin.to_string())),
            idle: Mutex::default(),
            is_refused: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        })
    }

    /// Does something in a session; once more in a new one where it ended, because sessions end when a token was away. What the token
    /// refuses is not asked again: that would show in the time.
    fn with<T>(&self, work: impl Fn(&Session) -> Result<T, TokenTrouble>) -> Result<T, TokenTrouble> {
        let _asking = Asking::begin(&self.asked)?;
        let idle = self.idle().pop();
        let mut done = idle.map(|session| (work(&session), session));
        if let None | Some((Err(TokenTrouble::Ended(_)), _)) = done {
            self.idle().clear();
            let session = self.session()?;
            done = Some((work(&session), session));
        }
        match done {
            Some((Err(TokenTrouble::Ended(why)), _)) => Err(TokenTrouble::Ended(why)),
            Some((done, session)) => {
                self.idle().push(session);
                done
            }
            None => Err(TokenTrouble::Absent),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new session in which the user is logged in.
    fn session(&self) -> Result<Session, TokenTrouble> {
        if self.is_refused.load(Ordering::Acquire) {
            return Err(TokenTrouble::Pin);
        }
        let slot = self.slot()?;
        let session = self.module.open_ro_session(slot).map_err(failed)?;
        let token = self.module.get_token_info(slot).map_err(failed)?;
        if token.login_required() {
            // The last try before it locks itself is a person's.
            if self.pin.is_some() && (token.user_pin_final_try() || token.user_pin_locked()) {
                return Err(TokenTrouble::Pin);
            }
            self.log_in(&session)?;
        }
        Ok(session)
    }

    fn log_in(&self, session: &Session) -> Result<(), TokenTrouble> {
        use RvError::{
            PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked, UserAlreadyLoggedIn, UserPinNotInitialized,
        };
        match session.login(UserType::User, self.pin.as_ref()) {
            Ok(()) | Err(Error::Pkcs11(UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(
                PinExpired | PinIncorrect | PinInvalid | PinLenRange | PinLocked | UserPinNotInitialized,
                _,
            )) => {
                self.is_refused.store(true, Ordering::Release);
                Err(TokenTrouble::Pin)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Where the token is now.
    fn slot(&self) -> Result<Slot, TokenTrouble> {
        let slots = self.module.get_slots_with_initialized_token().map_err(failed)?;
        let is_it = |slot: &Slot| self.module.get_token_info(*slot).is_ok_and(|info| info.label() == self.name);
        slots.into_iter().find(is_it).ok_or(TokenTrouble::Absent)
    }

    pub(super) fn find(&self, uri: &KeyUri) -> Result<Found, TokenTrouble> {
        self.with(|session| {
            let key = handle(session, uri)?;
            let id = id_of(session, key)?;
            if let Some(true) = always_asks(session, key) {
                return Err(TokenTrouble::Kind("it wants its PIN for each signature"));
            }
            let certificates = certificates(session, &id)?;
            let public = match public_of(session, key, &id) {
                Ok(public) => public,
                // Devices that keep no public key have a certificate of it.
                Err(trouble) => certificates.first().map(|one| one.key().clone()).ok_or(trouble)?,
            };
            let certificates = certificates.into_iter().filter(|one| *one.key() == public).collect();
            Ok(Found { public, certificates })
        })
    }
}

/// A key in a token, looked up anew for each operation: a handle ends with the session it was found in.
pub(super) struct KeptKey {
    token: Arc<Token>,
    uri: KeyUri,
    /// The curve that it is on; `None` for RSA.
    curve: Option<Curve>,
}

impl KeptKey {
    pub(super) fn new(token: Arc<Token>, uri: KeyUri, public: &PublicKey) -> KeptKey {
        let curve = if let PublicKey::Ec { curve, .. } = public { Some(*curve) } else { None };
        KeptKey { token, uri, curve }
    }

    fn with<T>(&self, work: impl Fn(&Session, ObjectHandle) -> Result<T, Error>) -> Result<T, Trouble> {
        let done = self.token.with(|session| {
            let key = handle(session, &self.uri)?;
            work(session, key).map_err(|error| said(session, error))
        });
        done.map_err(|trouble| {
            tracing::debug!(problem = %trouble, "a token did not do an operation");
            match trouble {
                // What it says of mail that it could not open is nobody's business (RFC 3218).
                TokenTrouble::Failed(_) => Trouble::KeyRefused,
                _ => Trouble::KeyAway,
            }
        })
    }
}

impl PrivateKey for KeptKey {
    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.sign_digest(scheme, &seal::key::device::digest_of(scheme, message))
    }

    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Trouble> {
        if matches!(scheme, Scheme::Ecdsa(_)) != self.curve.is_some() {
            return Err(Trouble::KeyRefused);
        }
        let made = self.with(|session, key| sign(session, key, scheme, digest))?;
        match scheme {
            Scheme::Ecdsa(_) => seal::key::device::ecdsa_in_asn1(&made),
            _ => Ok(made),
        }
    }

    fn decrypt(&self, transport: Transport, encrypted: &[u8]) -> Result<Secret, Trouble> {
        if self.curve.is_some() {
            return Err(Trouble::KeyRefused);
        }
        self.with(|session, key| decrypt(session, key, transport, encrypted)).map(Secret::new)
    }

    fn agree(&self, curve: Curve, other: &[u8]) -> Result<Secret, Trouble> {
        if self.curve != Some(curve) {
            return Err(Trouble::KeyRefused);
        }
        self.with(|session, key| agree(session, key, curve, other)).map(Secret::new)
    }
}

/// A module that is loaded already stays as it is.
fn loaded(path: &Path) -> Result<Pkcs11, TokenTrouble> {
    let cannot = |error: Error| TokenTrouble::Module(error.to_string());
    if !path.is_absolute() || !path.is_file() {
        return Err(TokenTrouble::Module("there is no such file".to_owned()));
    }
    let module = Pkcs11::new(path).map_err(cannot)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, Function::Initialize)) => Ok(module),
        Err(error) => Err(cannot(error)),
    }
}

/// Somebody asks a token. One that does not answer keeps its threads for ever, so they are few.
struct Asking<'t>(&'t AtomicUsize);

impl<'t> Asking<'t> {
    fn begin(asked: &'t AtomicUsize) -> Result<Asking<'t>, TokenTrouble> {
        let asking = Asking(asked);
        match asked.fetch_add(1, Ordering::AcqRel) < ASKED_MAX {
            true => Ok(asking),
            false => Err(TokenTrouble::Ended(format!("{ASKED_MAX} others wait for it"))),
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What an error of an operation means: that its session went, or that the token refuses. Many say the same for both, so the session is asked.
fn said(session: &Session, error: Error) -> TokenTrouble {
    match session.get_session_info() {
        Ok(_) => failed(error),
        Err(_) => TokenTrouble::Ended(error.to_string()),
    }
}

fn failed(error: Error) -> TokenTrouble {
    use RvError::{
        CryptokiNotInitialized, DeviceError, DeviceRemoved, SessionClosed, SessionHandleInvalid, TokenNotPresent,
        UserNotLoggedIn,
    };
    match error {
        Error::Pkcs11(
            CryptokiNotInitialized
            | DeviceError
            | DeviceRemoved
            | SessionClosed
            | SessionHandleInvalid
            | TokenNotPresent
            | UserNotLoggedIn,
            _,
        ) => TokenTrouble::Ended(error.to_string()),
        error => TokenTrouble::Failed(error.to_string()),
    }
}

fn handle(session: &Session, uri: &KeyUri) -> Result<ObjectHandle, TokenTrouble> {
    let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    template.extend(uri.object.as_ref().map(|name| Attribute::Label(name.as_bytes().to_vec())));
    template.extend(uri.id.clone().map(Attribute::Id));
    match session.find_objects(&template).map_err(failed)?.as_slice() {
        [one] => Ok(*one),
        [] => Err(TokenTrouble::NoKey),
        _ => Err(TokenTrouble::Several),
    }
}

fn id_of(session: &Session, key: ObjectHandle) -> Result<Vec<u8>, TokenTrouble> {
    let found = session.get_attributes(key, &[AttributeType::Id]).map_err(failed)?;
    Ok(found.into_iter().find_map(|one| if let Attribute::Id(id) = one { Some(id) } else { None }).unwrap_or_default())
}

fn always_asks(session: &Session, key: ObjectHandle) -> Option<bool> {
    let found = session.get_attributes(key, &[AttributeType::AlwaysAuthenticate]).ok()?;
    found.into_iter().find_map(|one| if let Attribute::AlwaysAuthenticate(asks) = one { Some(asks) } else { None })
}

fn certificates(session: &Session, id: &[u8]) -> Result<Vec<Certificate>, TokenTrouble> {
    if id.is_empty() {
        return Ok(Vec::new());
    }
    let template = [
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Id(id.to_vec()),
    ];
    let mut found = Vec::new();
    for one in session.find_objects(&template).map_err(failed)?.into_iter().take(CERTIFICATES_MAX) {
        let values = session.get_attributes(one, &[AttributeType::Value]).map_err(failed)?;
        let ders = values.into_iter().filter_map(|one| if let Attribute::Value(der) = one { Some(der) } else { None });
        found.extend(ders.filter_map(|der| Certificate::from_der(&der).ok()));
    }
    Ok(found)
}
