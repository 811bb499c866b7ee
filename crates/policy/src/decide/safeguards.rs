//! What may still stop mail whose place is known: it was acted on already, it carries somebody's code, it has too many files.

use super::association;
use super::evidence::Evidence;
use super::verdict::{Place, Trace, Verdict, in_words};
use crate::profile::{Duplicates, Mapping, Overflow, Treatment, Word};
use crate::{Outcome, RejectionCause, SeenBefore};

/// How much of a text is searched for the signs of a verification mail.
const SEARCHED_CHARS_MAX: usize = 16 * 1024;

/// Local parts of senders that read no answers.
const NO_REPLY: &[&str] = &["noreply", "donotreply", "nepasrepondre", "keineantwort", "notreply"];

/// What mails with which somebody proves that an address is his say, in lower case.
const PROOFS: &[&str] = &[
    "verification code",
    "verify your",
    "verify this",
    "confirm your",
    "confirmation code",
    "security code",
    "login code",
    "log-in code",
    "sign-in code",
    "one-time",
    "passcode",
    "activate your",
    "activation code",
    "reset your password",
    "password reset",
    "invited you to join",
    "bestätigungscode",
    "bestätigen sie ihre",
    "sicherheitscode",
    "einmalcode",
    "einmalpasswort",
    "passwort zurücksetzen",
    "code de vérification",
    "confirmez votre",
    "código de verificación",
    "codice di verifica",
];

/// The verdict on mail that came in before by another way and was acted on in the same project.
pub(super) fn duplicate(evidence: &Evidence, place: &Place, trace: &mut Trace) -> Option<Verdict> {
    const QUESTION: &str = "Did it come in by another way, too?";
    if evidence.profile.duplicates == Duplicates::Keep {
        trace.note(QUESTION, "not asked", "each copy is acted on (duplicates = \"keep\")");
        return None;
    }
    let project = match place {
        Place::NewIssue { project, .. } => project.as_str(),
        Place::Comment(issue) => association::project(issue),
        Place::Nowhere(_) => return None,
    };
    let seen = evidence.facts.seen_before.as_deref().unwrap_or_default();
    let Some(first) = seen.first() else {
        trace.note(QUESTION, "no", "it goes on");
        return None;
    };
    let same = seen.iter().find(|seen| is_same(seen, evidence) && seen.project.as_deref() == Some(project));
    let Some(same) = same else {
        let answer = format!("yes, through mailbox {:?}", first.mailbox);
        trace.note(
            QUESTION,
            answer,
            &format!("it goes on, because that was no work in {project} or another mail with the same Message-ID"),
        );
        return None;
    };
    let issue = same.issue_id.as_ref().map_or(String::new(), |id| format!(" (issue id {id})"));
    let answer = format!("yes, through mailbox {:?}", same.mailbox);
    trace.note(QUESTION, &answer, "it is ignored (duplicates = \"one_per_project\")");
    let reason = format!(
        "the same mail came in through mailbox {:?} and was acted on in {project}{issue}, duplicates = \"one_per_project\"",
        same.mailbox
    );
    Some(Verdict::nowhere(Outcome::Ignore, reason))
}

/// Equal bytes are the same mail. An equal Message-ID is enough only across mailboxes, where other `Received` fields make the
/// bytes differ; within a mailbox it would let anybody suppress a mail whose id he can guess.
pub(super) fn is_same(seen: &SeenBefore, evidence: &Evidence) -> bool {
    seen.same_digest || (seen.same_message_id && seen.mailbox != evidence.facts.mailbox)
}

/// The verdict on mail that would let an outsider prove, by way of a thread that he reads, that our address is his (SEC-05).
pub(super) fn verification(evidence: &Evidence, place: &Place, trace: &mut Trace) -> Option<Verdict> {
    if !matches!(place, Place::Comment(_)) || !is_no_reply(evidence) {
        return None;
    }
    let searched = evidence.message.text.chars().take(SEARCHED_CHARS_MAX);
    let text = format!("{}\n{}", evidence.message.headers.subject, searched.collect::<String>()).to_lowercase();
    let proof = PROOFS.iter().find(|proof| text.contains(**proof))?;
    let treatment = evidence.profile.verification;
    let setting = format!("threads.verification = {:?}", treatment.word());
    let answer = format!("yes, a no-reply sender's mail says {proof:?}");
    let reason = format!("a no-reply sender's mail that says {proof:?} would become a comment, {setting}");
    let verdict = Verdict::stopped(treatment, reason);
    let decided = verdict.as_ref().map_or("it goes on", |verdict| in_words(verdict.outcome()));
    trace.note("Could somebody use it to prove that our address is his?", answer, &format!("{decided} ({setting})"));
    verdict
}

pub(super) fn is_no_reply(evidence: &Evidence) -> bool {
    let identity = evidence.sender.identity.iter();
    let claimed = evidence.sender.claimed.iter();
    identity.chain(claimed).any(|address| {
        let local = address.split('@').next().unwrap_or_default().to_lowercase();
        let letters: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
        NO_REPLY.iter().any(|word| letters.contains(word))
    })
}

/// The verdict on mail with more files than the profile allows.
pub(super) fn too_many_files(evidence: &Evidence, number: usize, trace: &mut Trace) -> Option<Verdict> {
    let most = evidence.profile.attachments_max;
    if u32::try_from(number).is_ok_and(|number| number <= most) {
        return None;
    }
    trace.note(
        "How many files does it carry?",
        format!("{number}, more than {most}"),
        "it is quarantined (attachments_max)",
    );
    Verdict::stopped(Treatment::Quarantine, format!("it carries {number} files, attachments_max = {most}"))
}

/// The verdict on mail whose text is longer than the profile allows, unless it is cut.
pub(super) fn too_long(evidence: &Evidence, place: &Place, mapping: &Mapping, trace: &mut Trace) -> Option<Verdict> {
    let treatment = match mapping.text_overflow {
        Overflow::Truncate => return None,
        Overflow::Reject => Treatment::Reject,
        Overflow::Forward => Treatment::Forward,
    };
    let most = usize::try_from(mapping.text_max).ok().filter(|most| *most > 0)?;
    let number = evidence.message.text.chars().count();
    if number <= most || matches!(place, Place::Nowhere(_)) {
        return None;
    }
    let setting = format!("text_max = {most}, text_overflow = {:?}", mapping.text_overflow.word());
    let verdict = Verdict::stopped(treatment, format!("its text has {number} characters, {setting}"))?;
    trace.note("How long is its text?", format!("{number} characters, more than {most}"), in_words(verdict.outcome()));
    let refused_on = match place {
        Place::Comment(issue) => Some(Box::new(issue.clone())),
        Place::NewIssue { .. } | Place::Nowhere(_) => None,
    };
    Some(Verdict { refused_on, ..verdict.because(RejectionCause::TooLong) })
}
