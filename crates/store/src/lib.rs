//! What Sealpost remembers: units of work over SQLite or PostgreSQL, sealed content, keys.

mod attention;
mod audit;
mod billing;
mod blob;
mod bookmark;
mod bulletin;
mod click;
mod contact;
mod content;
mod database;
mod dialect;
mod event;
mod exclusion;
mod fetched;
mod figures;
mod flag;
mod folder;
mod footing;
mod grant;
mod here;
#[cfg(test)]
mod indexes;
mod job;
mod kept;
mod key_challenge;
mod key_file;
mod ledger;
mod letter;
mod link;
mod list;
mod look;
mod message;
mod meter;
mod migrate;
mod named;
mod outbox;
mod person_key;
mod plan;
mod poll;
mod profile;
mod relay_kept;
mod relayed;
mod replay;
mod report;
mod retention;
mod room;
pub mod rows;
mod sealed;
mod sealed_issues;
mod segment;
mod session;
mod shadow;
mod store;
mod story;
mod summary;
mod support;
mod sweep;
mod token;
mod traffic;
mod upload;
mod vault;
mod wake;
mod writer;
mod written;

pub use attention::{Attention, Work};
pub use audit::AuditVerdict;
pub use billing::BillingLine;
pub use bookmark::{Bookmark, Stage};
pub use bulletin::{BULLETINS_A_DAY_MAX, BulletinLine, BulletinTarget, PostedBulletin};
pub use contact::{Added, CONTACTS_MAX, Contact, ContactKind, ContactWord};
pub use content::{Content, ContentWriter, PIECE_BYTES};
pub use event::{
    BODY_KEPT_BYTES_MAX, DEEDS_KEPT_DAYS, Decided, EVENTS_KEPT_DAYS, ErasedByHand, EventAgain, EventLine, EventStory,
    LettersErased, NotDecidedAgain, NotErased, StoredEvent, Via,
};
pub use figures::Backlog;
pub use flag::{FLAG_DAYS_MAX, FLAG_REASON_CHARS_MAX, Flag};
pub use folder::Renaming;
pub use grant::{Given, Grant, GrantOf, GrantTimes};
pub use job::{LANE_FREED_AFTER_S, SWEEP_EVERY_S};
pub use kept::{FileContent, FileWriter};
pub use key_challenge::{
    Challenge, KEYS_ADDRESS_DAY_MAX, KeyEnding, NewChallenge, VISITS_ADDRESS_DAY_MAX, VISITS_DOMAIN_HOUR_MAX,
    VISITS_SITE_HOUR_MAX, Visit,
};
pub use key_file::KeyFiles;
pub use link::LinkUse;
pub use look::{Look, LookLine};
pub use named::{Bearer, Resized};
pub use outbox::{
    ChannelMessage, IssueMail, LETTER_AGAIN_MAX, LETTERS_PAGE_MAX, LetterAbout, LetterCause, LetterFile,
    LetterFileWriter, LetterGap, LetterMatter, LetterSet, LetterSets, NewLetter, NotAgain, OutboxLine, PostedLetter,
    ReturnDecision, ReturnWritten, SecondForm, SentAgain, SetLetter, StoredLetterFile, Subscription,
};
pub use person_key::{
    BesideOthers, ENDED_KEYS_KEPT_DAYS, EndingKeys, KeyHand, KeyKept, KeyStanding, KeyWord, OfferedKey,
    PERSON_KEYS_MAX, PersonKey, PersonKeyCount, PersonKeyFigures, PersonKeyFilter,
};
pub use poll::{HistoryMark, Listing};
pub use relay_kept::{KEPT_PAGE_MAX, KeptFilter, KeptOfRelay, KeptRelayed, NewKept, NotByHand, RelayedLine};
pub use relayed::{NO_SITE, RELAYED_KNOWN_S, RelayedMail};
pub use replay::NotNow;
pub use retention::Retention;
pub use rows::*;
pub use segment::ContentReader;
pub use session::{SESSION_IDLE_S, SESSION_WHOLE_S};
pub use store::{Settings, Store};
pub use summary::{SummaryMark, SummaryStory};
pub use support::{CodeTaken, Right, Supporter};
pub use sweep::{DONE_JOBS_KEPT_S, ORPHANS_KEPT_S, Swept, UNSETTLED_KEPT_DAYS_MIN};
pub use vault::master::create_master_key;
pub use written::{
    Asked, Decision as WrittenDecision, GivenFile, NewWritten, WrittenDeed, WrittenDeedLine, WrittenLine, WrittenState,
    WrittenTaken, fingerprint as fingerprint_of_asked,
};
