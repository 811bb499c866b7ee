//! IMAP (RFC 3501) as a client: one folder of an account, its mails by UID, and what becomes of those that were taken in.

mod names;
mod response;
mod talk;
mod watch;

pub use watch::Watch;

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use jiff::fmt::strtime;
use policy::fault::{Fault, FaultCode};

use super::{Account, Basket, MailSource, Offer, Settling, too_large, unreachable};
use response::{Response, Status};
use talk::{SMALL_ANSWER_BYTES_MAX, Talk, quoted};

/// Octets that are read at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Mails of one folder that are looked at; a longer list is refused.
const MAILS_MAX: usize = 1_000_000;
/// What a server may say about one mail in a list.
const LISTED_BYTES_MAX: u64 = 256;
/// A larger mail comes in pieces of this size, so that no mail is held whole.
const WINDOW_BYTES: u64 = 256 * 1024;
/// Smaller ones come several at a time, up to so many octets and so many mails.
const BATCH_BYTES_MAX: u64 = 1024 * 1024;
const BATCH_MAILS_MAX: usize = 100;

/// An open folder.
pub struct Imap {
    talk: Talk,
    mail_bytes_max: u64,
    place: Place,
    /// Mails that will be asked for, in this order.
    ahead: VecDeque<Offer>,
    /// Mails that were asked for together: their octets, or none where the server kept them to itself.
    together: HashMap<u32, Option<Vec<u8>>>,
    /// Mails that were asked for and not listened to yet.
    underway: Option<Underway>,
}

/// A command for several mails whose answer is still to be heard.
struct Underway {
    tag: String,
    uids: Vec<u32>,
    bytes: u64,
}

/// What a server says of a folder when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// UIDs are good as long as this stays the same.
    pub uid_validity: u32,
    /// No mail that lies here has this UID or a higher one; later ones do. Some servers do not tell.
    pub uid_next: Option<u32>,
    /// How many mails lie there.
    pub mails: u32,
}

impl Imap {
    /// Connects, encrypts, logs in and opens the folder.
    ///
    /// # Errors
    /// `MailboxUnreachable` (temporary) when the server cannot be reached, is not who it should be, does not answer in
    /// time, says more than it may or makes no sense; `MailboxRefused` when it does not want us, permanent when it says
    /// that the password is wrong or the folder is not there; `SettingsWrong` for what cannot be used.
    pub async fn open(account: &Account, folder: &str) -> Result<Imap, Fault> {
        let mut talk = Talk::open(account, PIECE_BYTES).await?;
        let place = open_folder(&mut talk, "SELECT", folder).await?;
        let mail_bytes_max = account.mail_bytes_max;
        Ok(Imap { talk, mail_bytes_max, place, ahead: VecDeque::new(), together: HashMap::new(), underway: None })
    }

    /// What lies in the folder, without opening it for changes.
    ///
    /// # Errors
    /// As [`Imap::open`].
    pub async fn look(account: &Account, folder: &str) -> Result<Place, Fault> {
        let mut talk = Talk::open(account, talk::LINE_BYTES_MAX).await?;
        let place = open_folder(&mut talk, "EXAMINE", folder).await?;
        talk.close().await;
        Ok(place)
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// The mails from this UID on.
    ///
    /// # Errors
    /// As [`Imap::open`].
    pub async fn list(&mut self, from: u32) -> Result<Vec<Offer>, Fault> {
        self.listed(from, "UID RFC822.SIZE").await
    }

    /// The same, with the time at which each came to the server.
    ///
    /// # Errors
    /// As [`Imap::open`].
    pub async fn list_with_times(&mut self, from: u32) -> Result<Vec<Offer>, Fault> {
        self.listed(from, "UID RFC822.SIZE INTERNALDATE").await
    }

    async fn listed(&mut self, from: u32, items: &str) -> Result<Vec<Offer>, Fault> {
        // Servers differ in what they say about mails of a folder that has none.
        if self.place.mails == 0 {
            return Ok(Vec::new());
        }
        let uid_validity = self.place.uid_validity;
        let mut offers: HashMap<u32, Offer> = HashMap::new();
        let mut too_many = false;
        let answer_bytes_max = SMALL_ANSWER_BYTES_MAX + LISTED_BYTES_MAX * MAILS_MAX as u64;
        self.talk
            .ask(&format!("UID FETCH {}:* ({items})", from.max(1)), answer_bytes_max, |response| {
                let Response::Fetch(mail) = response else { return };
                // The last mail counts as part of every range that ends with a star, and changes of flags are told of any.
                let (Some(uid), Some(size_bytes)) = (mail.uid.filter(|uid| *uid >= from), mail.size_bytes) else {
                    return;
                };
                let arrived_at = mail.internal_date.and_then(|date| time(&date));
                let handle = format!("{uid_validity}:{uid}");
                too_many |= offers.len() >= MAILS_MAX;
                if !too_many {
                    offers.insert(uid, Offer { number: uid, handle, size_bytes, arrived_at });
                }
            })
            .await?;
        if too_many {
            return Err(unreachable("a listing is longer than it may be"));
        }
        let mut offers: Vec<Offer> = offers.into_values().collect();
        offers.sort_by_key(|offer| offer.number);
        Ok(offers)
    }

    /// Asks for the small mails that come next, if they are several: while what came before is stored, the server reads them.
    async fn ask_for_several(&mut self) -> Result<(), Fault> {
        let (uids, bytes) = self.next_together();
        if let [set] = names::sets(&uids).as_slice()
            && uids.len() > 1
        {
            let tag = self.talk.ask_ahead(&format!("UID FETCH {set} (UID BODY.PEEK[])")).await?;
            self.ahead.drain(..uids.len());
            self.underway = Some(Underway { tag, uids, bytes });
        }
        Ok(())
    }

    /// Listens to what was asked for. What the server refuses as a whole counts as kept back, singly: one mail that it cannot
    /// give may be the reason.
    async fn hear_several(&mut self) -> Result<(), Fault> {
        let Some(Underway { tag, uids, bytes }) = &self.underway else { return Ok(()) };
        let mut heard: HashMap<u32, Option<Vec<u8>>> = uids.iter().map(|uid| (*uid, None)).collect();
        // Servers may count wrongly; the second half of the room is for those.
        let answer_bytes_max = SMALL_ANSWER_BYTES_MAX + 2 * bytes + LISTED_BYTES_MAX * uids.len() as u64;
        let outcome = self.talk.hear(tag, answer_bytes_max, |response| {
            let Response::Fetch(mail) = response else { return };
            let place = mail.uid.and_then(|uid| heard.get_mut(&uid));
            if let (Some(place), Some((0, body))) = (place, mail.body) {
                *place = Some(body.into_owned());
            }
        });
        match outcome.await {
            Err(fault) if fault.code != FaultCode::MailboxRefused => return Err(fault),
            _ => {}
        }
        self.together.extend(heard);
        self.underway = None;
        Ok(())
    }

    /// The small mails that come next, in ascending order as long as they are, and their octets.
    fn next_together(&self) -> (Vec<u32>, u64) {
        let (mut uids, mut bytes) = (Vec::new(), 0);
        for next in &self.ahead {
            let small = next.size_bytes <= WINDOW_BYTES && next.size_bytes <= self.mail_bytes_max;
            let ascends = uids.last().is_none_or(|last| *last < next.number);
            if !small || !ascends || bytes + next.size_bytes > BATCH_BYTES_MAX || uids.len() >= BATCH_MAILS_MAX {
                break;
            }
            bytes += next.size_bytes;
            uids.push(next.number);
        }
        (uids, bytes)
    }

    /// One mail by itself, piece by piece.
    async fn fetch_alone(&mut self, uid: u32, basket: &mut impl Basket) -> Result<u64, Fault> {
        self.hear_several().await?;
        let mut bytes = 0;
        loop {
            let mut piece = None;
            let command = format!("UID FETCH {uid} (UID BODY.PEEK[]<{bytes}.{WINDOW_BYTES}>)");
            self.talk
                .ask(&command, SMALL_ANSWER_BYTES_MAX + WINDOW_BYTES, |response| {
                    let Response::Fetch(mail) = response else { return };
                    if let (Some(found), Some((from, body))) = (mail.uid, mail.body)
                        && (found, from) == (uid, bytes)
                    {
                        piece = Some(body.into_owned());
                    }
                })
                .await?;
            let piece = match piece {
                Some(piece) if piece.len() as u64 <= WINDOW_BYTES => piece,
                Some(_) => return Err(unreachable("the server gives more than it was asked for")),
                None if bytes == 0 => return Err(kept_back()),
                None => return Err(unreachable("the server keeps a part of a mail to itself")),
            };
            bytes += piece.len() as u64;
            if bytes > self.mail_bytes_max {
                return Err(too_large());
            }
            basket.put(&piece).await?;
            if (piece.len() as u64) < WINDOW_BYTES {
                return Ok(bytes);
            }
        }
    }

    /// Deletes for good, and only what we marked: without UIDPLUS (RFC 4315) everybody's deleted mails would go.
    async fn delete(&mut self, uids: &[u32]) -> Result<(), Fault> {
        for set in names::sets(uids) {
            self.store(&set, "\\Deleted").await?;
            if self.talk.has("UIDPLUS") {
                self.talk.command(&format!("UID EXPUNGE {set}")).await?;
            }
        }
        Ok(())
    }

    async fn store(&mut self, set: &str, flag: &str) -> Result<(), Fault> {
        self.talk.command(&format!("UID STORE {set} +FLAGS.SILENT ({flag})")).await
    }

    async fn move_to(&mut self, uids: &[u32], folder: &str) -> Result<(), Fault> {
        let moves = self.talk.has("MOVE");
        let target = quoted(&names::encoded(folder));
        for set in names::sets(uids) {
            let command = format!("UID {} {set} {target}", if moves { "MOVE" } else { "COPY" });
            if let Err(fault) = self.talk.command(&command).await {
                let code = response::code(&fault.detail).map(|(code, _)| code.to_ascii_uppercase());
                if !matches!(code.as_deref(), Some("TRYCREATE" | "NONEXISTENT")) {
                    return Err(fault);
                }
                self.talk.command(&format!("CREATE {target}")).await?;
                self.talk.command(&command).await?;
            }
        }
        if moves { Ok(()) } else { self.delete(uids).await }
    }
}

impl MailSource for Imap {
    fn announce(&mut self, next: &[Offer]) {
        self.ahead = next.iter().cloned().collect();
        self.together.clear();
    }

    /// # Errors
    /// As [`Imap::open`], and those of the basket. Permanent `TooComplex` for a mail that is larger than the account
    /// says. Only after `MailboxRefused`, or when the listed size was too large, is the session still of use.
    async fn fetch(&mut self, offer: &Offer, basket: &mut impl Basket) -> Result<u64, Fault> {
        if offer.size_bytes > self.mail_bytes_max {
            return Err(too_large());
        }
        while !self.together.contains_key(&offer.number) {
            if self.underway.is_none() {
                let announced = self.ahead.iter().position(|next| next == offer).unwrap_or(self.ahead.len());
                self.ahead.drain(..announced);
                self.ask_for_several().await?;
            }
            if self.underway.is_none() {
                return self.fetch_alone(offer.number, basket).await;
            }
            self.hear_several().await?;
            self.ask_for_several().await?;
        }
        let Some(mail) = self.together.remove(&offer.number).flatten() else {
            return self.fetch_alone(offer.number, basket).await;
        };
        if mail.len() as u64 > self.mail_bytes_max {
            return Err(too_large());
        }
        basket.put(&mail).await?;
        Ok(mail.len() as u64)
    }

    fn is_asked_for_several(&self) -> bool {
        !self.ahead.is_empty() || !self.together.is_empty() || self.underway.is_some()
    }

    async fn settle(mut self, settling: Settling<'_>) -> Result<(), Fault> {
        let uids = |offers: &[Offer]| -> Vec<u32> {
            let mut uids: Vec<u32> = offers.iter().map(|offer| offer.number).collect();
            uids.sort_unstable();
            uids.dedup();
            uids
        };
        // A round that is over comes here before everything that was asked for was taken; it is asked for again.
        self.hear_several().await?;
        for set in names::sets(&uids(settling.mark_seen)) {
            self.store(&set, "\\Seen").await?;
        }
        if let Some(folder) = settling.move_to {
            self.move_to(&uids(settling.moved), folder).await?;
        }
        self.delete(&uids(settling.delete)).await?;
        self.talk.close().await;
        Ok(())
    }
}

/// Opens a folder for reading and writing (`SELECT`) or for looking only (`EXAMINE`).
async fn open_folder(talk: &mut Talk, verb: &str, folder: &str) -> Result<Place, Fault> {
    let (mut uid_validity, mut uid_next, mut mails) = (None, None, 0);
    let command = format!("{verb} {}", quoted(&names::encoded(folder)));
    talk.ask(&command, SMALL_ANSWER_BYTES_MAX, |response| match response {
        Response::Status { status: Status::Ok, text } => {
            uid_validity = response::number(text, "UIDVALIDITY").or(uid_validity);
            uid_next = response::number(text, "UIDNEXT").or(uid_next);
        }
        Response::Exists(number) => mails = number,
        _ => {}
    })
    .await?;
    let uid_validity = uid_validity.filter(|number| *number > 0);
    let uid_validity = uid_validity.ok_or_else(|| unreachable("the server has no lasting names for its mails"))?;
    Ok(Place { uid_validity, uid_next: uid_next.filter(|number| *number > 0), mails })
}

/// A mail that the server listed and does not give: somebody else deleted it, or it cannot read it itself.
fn kept_back() -> Fault {
    super::refused("the server does not give this mail")
}

/// The time of an INTERNALDATE (RFC 3501, section 9, `date-time`): the day may begin with a space.
fn time(date: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(date).ok()?.trim_start();
    strtime::parse("%d-%b-%Y %H:%M:%S %z", text).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_servers_write_them() {
        let told = |text: &str| time(text.as_bytes()).map(Timestamp::as_second);
        assert_eq!(told("17-Jul-1996 02:44:25 -0700"), Some(837_596_665));
        assert_eq!(told(" 7-Jul-1996 02:44:25 +0000"), Some(836_707_465));
        assert_eq!(told("17 Jul 1996"), None);
    }
}
