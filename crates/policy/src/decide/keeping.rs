//! Which files the gateway keeps instead of attaching them: those that the tracker would not take, and those that the profile
//! says.

use super::evidence::Evidence;
use super::files::{self, Attached, Sorted};
use super::verdict::{Trace, Verdict};
use crate::kept::{KeptFile, id_of, kept_id, size_in_words};
use crate::profile::{Mapping, RestrictedFiles, Treatment};
use crate::{IssueTarget, Origin, Question, StepKind, Told};

/// Smaller files are attached without asking for the tracker's limit, which is never set so low in earnest.
const ASKED_ABOVE_BYTES: u64 = 1024 * 1024;

/// What the files of a mail come to.
pub(super) struct Goes {
    /// Each with its reason.
    pub(super) steps: Vec<(StepKind, String)>,
    /// What the text links to.
    pub(super) links: Vec<KeptFile>,
}

/// Fails with the question for the tracker's limit when a file may be above it.
pub(super) fn open(evidence: &Evidence, sorted: &Sorted, mapping: &Mapping) -> Result<(), Vec<Question>> {
    let facts = evidence.facts;
    if !facts.makes_links || facts.upload_max.is_some() {
        return Ok(());
    }
    let own = own_limit(mapping).unwrap_or(u64::MAX);
    let is_asked_for = |size_bytes: u64| size_bytes > ASKED_ABOVE_BYTES && size_bytes <= own;
    // The whole text may go along too, and is then a file like the others.
    let files = files::of(sorted, true);
    match files.iter().any(|attached| is_asked_for(attached.file.size_bytes)) {
        true => Err(vec![Question::UploadMax]),
        false => Ok(()),
    }
}

/// Whether the files of a comment would be seen by more people than it, and the profile does not want that.
pub(super) fn is_restricted(mapping: &Mapping, verdict: &Verdict) -> bool {
    verdict.effects.visibility.is_some() && mapping.restricted_files == RestrictedFiles::Keep
}

/// Whether a file could only be attached, for more people than see the comment. The whole text stays in the mail then: who sent it can
/// do nothing about its length, so it is no reason to hold it.
pub(super) fn would_expose(evidence: &Evidence, mapping: &Mapping, verdict: &Verdict) -> bool {
    is_restricted(mapping, verdict) && !evidence.facts.makes_links
}

/// The verdict on a comment that is not for all, with files that could only be attached for all.
pub(super) fn exposed(
    evidence: &Evidence,
    mapping: &Mapping,
    sorted: &Sorted,
    verdict: &Verdict,
    trace: &mut Trace,
) -> Option<Verdict> {
    if !would_expose(evidence, mapping, verdict) || files::count(sorted) == 0 {
        return None;
    }
    trace.note(
        "Would its files be seen by more people than the comment?",
        "yes, the tracker shows attachments to whoever sees the issue, and no link can be made",
        "it is held (restricted_files = \"keep\")",
    );
    let reason = "its comment is not for all who see the issue, and its files would be, restricted_files = \"keep\"; links need \
                  public.url in the settings";
    Verdict::stopped(Treatment::Hold, reason)
}

/// The steps for the files, and the links to those that are kept.
pub(super) fn planned(
    evidence: &Evidence,
    mapping: &Mapping,
    is_restricted: bool,
    attached: Vec<Attached>,
    issue: &IssueTarget,
    origin: &Origin,
    trace: &mut Trace,
) -> Goes {
    let Origin::Message(message) = origin;
    let mut goes = Goes { steps: Vec::new(), links: Vec::new() };
    for Attached { file, reason, .. } in attached {
        let Some(why) = why_kept(evidence, mapping, is_restricted, file.size_bytes) else {
            goes.steps.push((StepKind::Attach { issue: issue.clone(), file }, reason.to_owned()));
            continue;
        };
        let kept_already = id_of(&file.part).map(str::to_owned);
        let id = kept_already.unwrap_or_else(|| kept_id(&evidence.facts.site, message, &file.part));
        goes.links.push(KeptFile {
            id: id.clone(),
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            link_days: mapping.link_days.max(1),
        });
        let size = size_in_words(file.size_bytes);
        trace.note("May every file be attached?", format!("not {:?} of {size}, {why}", file.name), "it is kept here");
        goes.steps.push((StepKind::KeepFile { issue: issue.clone(), file, id }, format!("{reason}; {why}")));
    }
    goes
}

/// Why a file of this size is kept here; `None` when it is attached. Where no link can be made the tracker has to say no itself.
fn why_kept(evidence: &Evidence, mapping: &Mapping, is_restricted: bool, size_bytes: u64) -> Option<String> {
    if !evidence.facts.makes_links {
        return None;
    }
    if is_restricted {
        return Some("its comment is not for all who see the issue (restricted_files)".to_owned());
    }
    if let Some(most) = own_limit(mapping).filter(|most| size_bytes > *most) {
        return Some(format!("it is larger than {} (keep_above_bytes)", size_in_words(most)));
    }
    let limit = evidence.facts.upload_max.as_ref().and_then(Told::known).copied();
    match limit.filter(|most| size_bytes > *most)? {
        0 => Some("the tracker takes no files".to_owned()),
        most => Some(format!("it is larger than the {} that the tracker takes", size_in_words(most))),
    }
}

/// What the profile says; `None` when it leaves it to the tracker.
fn own_limit(mapping: &Mapping) -> Option<u64> {
    Some(u64::from(mapping.keep_above_bytes)).filter(|most| *most > 0)
}
