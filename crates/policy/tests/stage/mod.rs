//! Builds the messages of cases, answers questions from prepared facts, and shows effects as text.
#![allow(clippy::unwrap_used)]

use mail::{Address, Automatic, AutomaticKind, Forward, Hidden, HiddenKind, Message, Part, Reply};
use policy::{Body, Facts, FieldSetting, IssueHistory, IssueTarget, Profile, Question, StepKind, ask};
use std::fmt::Write;

/// A message in the form of cases: fields, an empty line, the text. `part: path type name bytes [cid] [class=…] [why=…]` adds a file,
/// `hidden: kind text` a folded piece, `said: text` a quote of the issue; `\n` in a field stands for a line break.
pub fn message(text: &str) -> (Message, Reply) {
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let mut message = Message::default();
    let mut reply = Reply { visible: body.trim_end().to_owned(), hidden: Vec::new(), document: None };
    for line in head.lines() {
        let (name, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        let value = value.replace("\\n", "\n");
        field(&mut message, &mut reply, name, &value);
    }
    let hidden = reply.hidden.iter().map(|piece| piece.text.as_str());
    message.text = std::iter::once(reply.visible.as_str()).chain(hidden).collect::<Vec<_>>().join("\n");
    if let Some(forward) =
        message.forward.as_mut().filter(|forward| !message.parts.is_empty() && forward.before.is_empty())
    {
        forward.before.clone_from(&message.text);
    }
    (message, reply)
}

fn field(message: &mut Message, reply: &mut Reply, name: &str, value: &str) {
    let words = || value.split_whitespace().map(str::to_owned);
    let headers = &mut message.headers;
    match name {
        "from" => headers.from.push(address(value)),
        "to" => headers.to.push(address(value)),
        "cc" => headers.cc.push(address(value)),
        "reply-to" => headers.reply_to.push(address(value)),
        "subject" => headers.subject = value.to_owned(),
        "message-id" => headers.message_id = Some(value.to_owned()),
        "in-reply-to" => headers.in_reply_to = words().collect(),
        "references" => headers.references = words().collect(),
        "delivered-to" => headers.delivered_to.push(value.to_owned()),
        "received" => headers.received_count = value.parse().unwrap(),
        "header" => {
            let (name, value) = value.split_once(": ").unwrap();
            headers.other.push(mail::OtherField { name: name.to_lowercase(), value: value.to_owned() });
        }
        "fault" => message.faults.push(value.to_owned()),
        "bounce" => message.bounce = Some(bounce(value)),
        "automatic" => {
            let (kind, why) = value.split_once(' ').unwrap();
            let kind: AutomaticKind = serde_json::from_value(kind.into()).unwrap();
            message.automatic = Some(Automatic { kind, why: why.to_owned() });
        }
        "said" => reply.hidden.push(Hidden {
            text: value.to_owned(),
            why: Hidden::BY_HISTORY.to_owned(),
            confirmed: true,
            ..Hidden::default()
        }),
        "letter-mark" => {
            let [mark, part] = words_of(value);
            let part = part.trim_matches('-').to_owned();
            message.letter_marks.push(mail::FoundMark { mark: mark.to_owned(), part });
        }
        "hidden" => {
            let (kind, text) = value.split_once(' ').unwrap();
            let kind: HiddenKind = serde_json::from_value(kind.into()).unwrap();
            reply.hidden.push(Hidden { kind, text: text.to_owned(), ..Hidden::default() });
        }
        "attached-message" => attach(message, value),
        "part" => message.parts.push(part(value)),
        "sealed" => {
            let [scheme, form, part]: [&str; 3] = words_of(value);
            message.sealed.push(mail::Sealed {
                scheme: serde_json::from_value(scheme.into()).unwrap(),
                form: serde_json::from_value(form.into()).unwrap(),
                part: part.to_owned(),
                why: String::new(),
            });
        }
        "opened" => message.opened = Some(serde_json::from_str(value).unwrap()),
        "long-text" => reply.visible = "word ".repeat(value.parse().unwrap()),
        other => panic!("{other} is no field of a case"),
    }
}

/// `yes`, or the Message-ID that came back (`-` for none), the address, and whether that is for good.
fn bounce(value: &str) -> mail::Bounce {
    if value == "yes" {
        return mail::Bounce::default();
    }
    let [id, address, how] = words_of(value);
    let recipient = mail::BouncedRecipient {
        address: address.to_owned(),
        permanent: how == "permanent",
        action: (how == "failed").then(|| how.to_owned()),
        status: (how == "failed").then(|| "5.2.2".to_owned()),
        said: (how == "failed").then(|| "552 mailbox full".to_owned()),
        ..Default::default()
    };
    mail::Bounce { recipients: vec![recipient], returned_message_id: Some(id.to_owned()).filter(|id| id != "-") }
}

fn words_of<const N: usize>(value: &str) -> [&str; N] {
    value.split_whitespace().collect::<Vec<_>>().try_into().unwrap()
}

/// `from | subject | text` of a message that goes along whole.
fn attach(message: &mut Message, value: &str) {
    let [from, subject, text] = value.split(" | ").collect::<Vec<_>>()[..] else { panic!("{value} is no message") };
    message.parts.push(Part { path: "1.2".to_owned(), content_type: "message/rfc822".to_owned(), ..Part::default() });
    let (from, subject, text) = (Some(address(from)), Some(subject.to_owned()), text.to_owned());
    message.forward = Some(Forward { from, subject, text, ..Forward::default() });
}

fn address(value: &str) -> Address {
    match value.rsplit_once(" <") {
        Some((name, address)) => {
            Address { name: Some(name.to_owned()), address: address.trim_end_matches('>').to_owned() }
        }
        None => Address { name: None, address: value.to_owned() },
    }
}

fn part(value: &str) -> Part {
    let words: Vec<&str> = value.split(' ').collect();
    let [path, content_type, name, size_bytes, rest @ ..] = words.as_slice() else { panic!("{value} is no part") };
    let is_message = *content_type == "message/rfc822";
    Part {
        path: (*path).to_owned(),
        leaf: !is_message && !content_type.starts_with("multipart/"),
        sha256: rest
            .iter()
            .find_map(|word| word.strip_prefix("sha256="))
            .unwrap_or(if is_message { path } else { "" })
            .to_owned(),
        content_type: (*content_type).to_owned(),
        name: (*name != "-").then(|| name.replace('_', " ")),
        size_bytes: size_bytes.parse().unwrap(),
        content_id: rest.iter().find(|word| word.contains('@')).map(|word| (*word).to_owned()),
        body: rest.contains(&"body"),
        class: class(rest),
        why: rest.iter().find_map(|word| word.strip_prefix("why=")).map(|why| why.replace('_', " ")),
        ..Part::default()
    }
}

/// The class that a part names as `class=tracking_pixel`; a file else.
fn class(words: &[&str]) -> mail::PartClass {
    let named = words.iter().find_map(|word| word.strip_prefix("class="));
    named.map(|name| serde_json::from_value(name.into()).unwrap()).unwrap_or_default()
}

/// Asks until nothing is open or nothing more can be answered; the rounds as text, and what is known then.
pub fn question(message: &Message, profile: &Profile, answers: &Facts) -> (String, Facts) {
    let mut known = Facts {
        now: answers.now.clone(),
        site: answers.site.clone(),
        mailbox: answers.mailbox.clone(),
        envelope: answers.envelope.clone(),
        verifies_authors: answers.verifies_authors,
        click: answers.click.clone(),
        makes_links: answers.makes_links,
        uploaded: answers.uploaded.clone(),
        ..Facts::default()
    };
    let mut text = String::new();
    for round in 1.. {
        let questions = ask(message, profile, &known);
        if questions.is_empty() {
            break;
        }
        assert!(round <= policy::ask::ROUNDS_MAX, "still open: {questions:?}");
        let mut answered = true;
        for question in questions {
            let found = answer(&question, answers, &mut known);
            answered &= found;
            let open = if found { "" } else { " (never answered)" };
            writeln!(text, "{round} {}{open}", serde_json::to_string(&question).unwrap()).unwrap();
        }
        if !answered {
            break;
        }
    }
    (text, known)
}

/// Copies the answer from what is prepared; whether there was one.
fn answer(question: &Question, answers: &Facts, known: &mut Facts) -> bool {
    match question {
        Question::Authenticity => known.authenticity.clone_from(&answers.authenticity),
        Question::ReplyTokens { .. } => known.reply_tokens.clone_from(&answers.reply_tokens),
        Question::Thread { .. } => known.thread.clone_from(&answers.thread),
        Question::SeenBefore => known.seen_before.clone_from(&answers.seen_before),
        Question::Issue { issue } => {
            let found = answers.issues.iter().find(|(asked, _)| asked == issue);
            known.issues.extend(found.cloned());
            return found.is_some();
        }
        Question::Involved { issue_id, address } => {
            let found = answers.involved.iter().find(|(id, person, _)| id == issue_id && person == address);
            known.involved.extend(found.cloned());
            return found.is_some();
        }
        Question::Traffic { address, issue_id } => {
            let mut given = answers.traffic.iter();
            let found = given.find(|(asked, about, _)| asked == address && about == issue_id).cloned();
            known.traffic.push(found.unwrap_or((address.clone(), issue_id.clone(), policy::Traffic::default())));
            return true;
        }
        Question::Letters { address } => {
            let found = answers.letters.iter().find(|(asked, _)| asked == address).cloned();
            known.letters.push(found.unwrap_or((address.clone(), policy::LetterTraffic::default())));
            return true;
        }
        Question::History { issue_id } => {
            let found = answers.histories.iter().find(|(id, _)| id == issue_id).cloned();
            let nothing = (issue_id.clone(), IssueHistory::Known { texts: 1, all: true });
            known.histories.push(found.unwrap_or(nothing));
            return true;
        }
        other => return of_tracker(other, answers, known),
    }
    match question {
        Question::Authenticity => known.authenticity.is_some(),
        Question::ReplyTokens { .. } => known.reply_tokens.is_some(),
        Question::Thread { .. } => known.thread.is_some(),
        _ => known.seen_before.is_some(),
    }
}

/// The same for what only a tracker tells.
fn of_tracker(question: &Question, answers: &Facts, known: &mut Facts) -> bool {
    fn copy<T: Clone>(from: &[T], to: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> bool {
        let found: Vec<T> = from.iter().filter(|one| is_it(one)).cloned().collect();
        let any = !found.is_empty();
        to.extend(found);
        any
    }
    match question {
        Question::Fields { project, issue_type } => {
            copy(&answers.fields, &mut known.fields, |(one, kind, _)| one == project && kind == issue_type)
        }
        Question::EditFields { issue_id } => {
            copy(&answers.edit_fields, &mut known.edit_fields, |(one, _)| one == issue_id)
        }
        Question::FieldTexts { issue_id, fields } => {
            copy(&answers.field_texts, &mut known.field_texts, |(one, field, _)| {
                one == issue_id && fields.contains(field)
            })
        }
        Question::CommentCount { issue_id } => {
            copy(&answers.comment_counts, &mut known.comment_counts, |(one, _)| one == issue_id)
        }
        Question::Account { address } => {
            let found = answers.accounts.iter().find(|(one, _)| one == address).cloned();
            known.accounts.push(found.unwrap_or((address.clone(), None)));
            true
        }
        Question::Groups { account } => copy(&answers.groups, &mut known.groups, |(one, _)| one == account),
        Question::May { account, project, act } => copy(&answers.may, &mut known.may, |(one, place, what, _)| {
            one == account && place == project && what == act
        }),
        Question::FindIssue { search } => {
            copy(&answers.found_issues, &mut known.found_issues, |(one, _)| one == search)
        }
        Question::Matches { issue_id, search } => {
            copy(&answers.matches, &mut known.matches, |(one, what, _)| one == issue_id && what == search)
        }
        Question::ServiceDesk { project } => {
            copy(&answers.service_desks, &mut known.service_desks, |(one, _)| one == project)
        }
        Question::UploadMax => {
            known.upload_max.clone_from(&answers.upload_max);
            known.upload_max.is_some()
        }
        other => panic!("{other:?} is answered above"),
    }
}

/// What a step does, as indented lines.
pub fn effect(kind: &StepKind) -> String {
    match kind {
        StepKind::CreateIssue { project, issue_type, summary, body: text, fields, set } => {
            let set = set.iter().map(setting).collect::<String>();
            format!("  in {project} as {issue_type}, fields {fields:?}\n{set}  summary: {summary}\n{}", body(text))
        }
        StepKind::AddComment { issue, body: text, visibility: None }
        | StepKind::Remark { issue, body: text, visibility: None } => {
            format!("  on {}\n{}", target(issue), body(text))
        }
        StepKind::AddComment { issue, body: text, visibility: Some(visibility) }
        | StepKind::Remark { issue, body: text, visibility: Some(visibility) } => {
            format!("  on {}, seen by {visibility:?}\n{}", target(issue), body(text))
        }
        StepKind::Attach { issue, file }
        | StepKind::AttachForCustomers { issue, file }
        | StepKind::KeepFile { issue, file, .. } => {
            format!(
                "  to {}: part {} as {:?}, {}, {} bytes\n",
                target(issue),
                file.part,
                file.name,
                file.content_type,
                file.size_bytes
            )
        }
        StepKind::EditIssue { issue, set } => {
            format!("  of {}\n{}", target(issue), set.iter().map(setting).collect::<String>())
        }
        StepKind::Transition { issue, goal, set } => {
            format!("  of {} to {goal:?}\n{}", target(issue), set.iter().map(setting).collect::<String>())
        }
        StepKind::Link { issue, to, link_type } => format!("  {} {link_type:?} {}\n", target(issue), target(to)),
        StepKind::Watch { issue, account } => format!("  {} by {account:?}\n", target(issue)),
        StepKind::AddParticipants { issue, accounts } => format!("  to {}: {accounts:?}\n", target(issue)),
        StepKind::ShareWith { issue, organisations } => format!("  {}: {organisations:?}\n", target(issue)),
        StepKind::AddCustomer { project, address, name, organisations } => {
            format!("  to {project}: {address} ({name:?}), {organisations:?}\n")
        }
    }
}

fn setting(one: &FieldSetting) -> String {
    let (id, name, how, value, must) = (&one.id, &one.name, one.how, &one.value, one.must);
    let must = if must { ", must" } else { "" };
    format!("  {how:?} {id} ({name}){must}: {}\n", serde_json::to_string(value).unwrap())
}

fn target(issue: &IssueTarget) -> String {
    match issue {
        IssueTarget::Id(id) => format!("issue id {id}"),
        IssueTarget::CreatedBy(ordinal) => format!("the issue of step {ordinal}"),
    }
}

fn body(body: &Body) -> String {
    let author = body.author.as_ref().map_or("nobody".to_owned(), |author| match &author.name {
        Some(name) => format!("{name} <{}>", author.address),
        None => author.address.clone(),
    });
    let reports = if body.author_reports { " (unless he is the reporter)" } else { "" };
    let mut text = format!("  author: {author}{reports}\n");
    let short = |text: &str| text.chars().take(200).collect::<String>();
    for line in short(&body.visible).lines() {
        writeln!(text, "  | {line}").unwrap();
    }
    for file in &body.kept {
        writeln!(
            text,
            "  linked: {} ({} bytes) as {} for {} days",
            file.name, file.size_bytes, file.id, file.link_days
        )
        .unwrap();
    }
    for piece in &body.hidden {
        writeln!(text, "  {:?}: {}", piece.kind, short(&piece.text).replace('\n', "\\n")).unwrap();
    }
    text
}
