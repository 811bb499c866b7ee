//! What cells are for: the same answers as in process, in pieces, in batches, from sources that may fail.

use crate::{MAIL, Test, run, settings, start};
use engine::Past;
use engine::cell::{Cells, PIECE_BYTES_MAX, Settings, Source, bench};
use mail::Limits;
use policy::{Fault, FaultCode, FaultKind};

pub const TESTS: &[Test] = &[
    ("a_cell_reads_as_the_crate_does", a_cell_reads_as_the_crate_does),
    ("a_batch_reads_as_single_calls_do", a_batch_reads_as_single_calls_do),
    ("a_part_comes_in_pieces_and_whole", a_part_comes_in_pieces_and_whole),
    ("a_part_that_is_not_there_costs_no_cell", a_part_that_is_not_there_costs_no_cell),
    ("a_part_stream_dropped_midway_costs_one_cell", a_part_stream_dropped_midway_costs_one_cell),
    ("a_slow_sink_does_not_use_up_the_time_of_the_cell", a_slow_sink_does_not_use_up_the_time_of_the_cell),
    ("a_source_that_fails_gives_its_own_fault", a_source_that_fails_gives_its_own_fault),
    ("a_source_above_the_limit_is_too_complex", a_source_above_the_limit_is_too_complex),
    ("a_large_source_is_not_whole_in_the_parent", a_large_source_is_not_whole_in_the_parent),
    ("new_text_and_sanitize_answer_as_the_crate_does", new_text_and_sanitize_answer_as_the_crate_does),
    ("a_reply_is_read_in_the_light_of_what_was_said", a_reply_is_read_in_the_light_of_what_was_said),
    ("too_many_waiting_calls_are_turned_away", too_many_waiting_calls_are_turned_away),
    ("the_cost_of_the_pipe_is_measured", the_cost_of_the_pipe_is_measured),
];

fn with_attachment(content: &[u8]) -> Vec<u8> {
    let mut mail = b"From: a@example.org\r\nSubject: file\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee file\r\n\
        --b\r\nContent-Type: application/octet-stream; name=file.bin\r\nContent-Disposition: attachment; filename=file.bin\r\n\
        Content-Transfer-Encoding: 8bit\r\n\r\n"
        .to_vec();
    mail.extend_from_slice(content);
    mail.extend_from_slice(b"\r\n--b--\r\n");
    mail
}

fn lines(bytes: usize) -> Vec<u8> {
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ..\r\n"
        .iter()
        .copied()
        .cycle()
        .take(bytes)
        .collect()
}

fn a_cell_reads_as_the_crate_does() {
    run(async {
        let cells = start(settings()).await;
        for mail in [MAIL, b"", b"\xff\xfe\0", &with_attachment(&lines(300_000))] {
            assert_eq!(cells.read(mail, &Limits::default()).await.unwrap(), mail::read(mail, &Limits::default()));
        }
        assert_eq!(cells.figures().started, 1);
        assert_eq!(cells.figures().calls, 4);
    });
}

fn a_batch_reads_as_single_calls_do() {
    run(async {
        let cells = start(settings()).await;
        let mails: Vec<Vec<u8>> = (0..50).map(|n| [MAIL, &lines(n * 997), b"\r\n"].concat()).collect();
        let readings = cells.read_many(&mails, &Limits::default()).await.unwrap();
        assert_eq!(readings.len(), mails.len());
        for (mail, reading) in mails.iter().zip(&readings) {
            assert_eq!(*reading, mail::read(mail, &Limits::default()));
        }
        assert_eq!(cells.read_many::<Vec<u8>>(&[], &Limits::default()).await.unwrap(), []);
        assert_eq!((cells.figures().started, cells.figures().calls), (1, 2));
    });
}

fn attachment_path(mail: &[u8]) -> String {
    let reading = mail::read(mail, &Limits::default());
    reading.message.parts.iter().rfind(|part| part.leaf).unwrap().path.clone()
}

fn a_part_comes_in_pieces_and_whole() {
    run(async {
        let cells = start(settings()).await;
        let content = lines(1_000_001);
        let mail = with_attachment(&content);
        let path = attachment_path(&mail);
        let mut part = cells.open_part(mail.as_slice(), &Limits::default(), &path).await.unwrap().unwrap();
        assert_eq!(part.size_bytes(), content.len() as u64);
        let mut whole = Vec::new();
        while let Some(piece) = part.next().await.unwrap() {
            assert!(!piece.is_empty() && piece.len() <= PIECE_BYTES_MAX);
            whole.extend_from_slice(&piece);
        }
        assert!(part.next().await.unwrap().is_none());
        assert!(whole == content);

        let mut sink = Vec::new();
        let size = cells.part(mail.as_slice(), &Limits::default(), &path, &mut sink).await.unwrap();
        assert!(sink == content && size == content.len() as u64);
        assert_eq!((cells.figures().started, cells.figures().died), (1, 0));
    });
}

fn a_part_that_is_not_there_costs_no_cell() {
    run(async {
        let cells = start(settings()).await;
        assert!(cells.open_part(MAIL, &Limits::default(), "7.7").await.unwrap().is_none());
        let fault = cells.part(MAIL, &Limits::default(), "7.7", Vec::new()).await.unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Permanent, FaultCode::TooComplex));
        assert_eq!((cells.figures().started, cells.figures().died), (1, 0));
    });
}

fn a_part_stream_dropped_midway_costs_one_cell() {
    run(async {
        let cells = start(Settings { cells: 1, ..settings() }).await;
        let mail = with_attachment(&lines(1_000_000));
        let path = attachment_path(&mail);
        let mut part = cells.open_part(mail.as_slice(), &Limits::default(), &path).await.unwrap().unwrap();
        part.next().await.unwrap();
        drop(part);
        assert!(cells.read(MAIL, &Limits::default()).await.is_ok());
        assert_eq!((cells.figures().started, cells.figures().died), (2, 1));
    });
}

fn a_slow_sink_does_not_use_up_the_time_of_the_cell() {
    run(async {
        let cells = start(Settings { wall_ms: 2_000, ..settings() }).await;
        let mail = with_attachment(&lines(300_000));
        let path = attachment_path(&mail);
        let mut part = cells.open_part(mail.as_slice(), &Limits::default(), &path).await.unwrap().unwrap();
        part.next().await.unwrap();
        // Longer than the whole wall time of the call: what is measured here is that this time does not count.
        tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
        let mut size = PIECE_BYTES_MAX;
        while let Some(piece) = part.next().await.unwrap() {
            size += piece.len();
        }
        assert_eq!(size, 300_000);
    });
}

struct Failing(u32);

impl Source for Failing {
    async fn next(&mut self) -> Result<Option<bytes::Bytes>, Fault> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| Fault::temporary(FaultCode::BlobUnavailable, "gone"))?;
        Ok(Some(lines(PIECE_BYTES_MAX).into()))
    }
}

fn a_source_that_fails_gives_its_own_fault() {
    run(async {
        let cells = start(settings()).await;
        for pieces in [0, 3] {
            let fault = cells.read(Failing(pieces), &Limits::default()).await.unwrap_err();
            assert_eq!(fault.code, FaultCode::BlobUnavailable);
        }
        assert!(cells.read(MAIL, &Limits::default()).await.is_ok());
    });
}

fn a_source_above_the_limit_is_too_complex() {
    run(async {
        let cells = start(Settings { source_bytes_max: 100_000, ..settings() }).await;
        assert!(cells.read(lines(100_000).as_slice(), &Limits::default()).await.is_ok());
        let fault = cells.read(lines(100_001).as_slice(), &Limits::default()).await.unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Permanent, FaultCode::TooComplex));
    });
}

/// Gives so many pieces without ever holding more than one.
struct Streaming(u32);

impl Source for Streaming {
    async fn next(&mut self) -> Result<Option<bytes::Bytes>, Fault> {
        if self.0 == 0 {
            return Ok(None);
        }
        self.0 -= 1;
        Ok(Some(lines(PIECE_BYTES_MAX).into()))
    }
}

fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn a_large_source_is_not_whole_in_the_parent() {
    run(async {
        let cells = start(Settings { cpu_s: 30, wall_ms: 60_000, ..settings() }).await;
        cells.read(MAIL, &Limits::default()).await.unwrap();
        let before = peak_memory_bytes();
        cells.read(Streaming(800), &Limits::default()).await.unwrap();
        let more = peak_memory_bytes() - before;
        assert!(more < 32 * 1024 * 1024, "50 MiB of mail took {more} bytes in the parent");
        // It held the mail's memory, so it is not kept.
        assert_eq!(cells.figures().retired, 1);
    });
}

fn new_text_and_sanitize_answer_as_the_crate_does() {
    run(async {
        let cells = start(settings()).await;
        let text = b"Yes.\n\nOn Monday, Bob wrote:\n> Shall we?\n";
        let reply = cells.new_text(mail::Format::Text, text.as_slice(), &Past::default()).await.unwrap();
        assert_eq!(reply, mail::new_text(mail::Format::Text, text));
        let html = "<p onclick=x>hi<script>alert(1)</script></p>";
        assert_eq!(cells.sanitize(html.as_bytes()).await.unwrap(), mail::sanitize(html));
    });
}

fn a_reply_is_read_in_the_light_of_what_was_said() {
    run(async {
        let cells = start(settings()).await;
        let mut past = Past::default();
        past.add_text("Tafadhali zima printa kisha uiwashe tena.".to_owned());
        past.add_file(b"From: a@b.c\r\n\r\none two three four five six".to_vec());
        let history = past.to_history([1; 16]);
        let text =
            "Asante!\n\nDawati, 20 Novemba:\nTafadhali zima printa kisha uiwashe tena.\none two three four five six\n";
        let reply = cells.new_text(mail::Format::Text, text.as_bytes(), &past).await.unwrap();
        assert_eq!(reply.visible, "Asante!");
        assert_eq!(reply, mail::new_text_after(mail::Format::Text, text.as_bytes(), &history));
        let mail = format!("From: x@y.z\r\n\r\n{text}");
        let limits = Limits::default();
        let whole = cells.reply_after(mail.as_bytes(), &limits, &past).await.unwrap();
        assert_eq!(whole.map(|reply| reply.visible).as_deref(), Some("Asante!"));
        let strict = Limits { header_bytes_max: 4, ..limits };
        assert_eq!(cells.reply_after(mail.as_bytes(), &strict, &past).await.unwrap(), None);
    });
}

fn too_many_waiting_calls_are_turned_away() {
    run(async {
        let cells: Cells = start(Settings { cells: 1, queue_max: 2, ..settings() }).await;
        let mail = with_attachment(&lines(1_000_000));
        let path = attachment_path(&mail);
        let holder = cells.open_part(mail.as_slice(), &Limits::default(), &path).await.unwrap().unwrap();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                tokio::spawn({
                    let cells = cells.clone();
                    async move { cells.read(MAIL, &Limits::default()).await }
                })
            })
            .collect();
        while cells.figures().waiting < 3 {
            tokio::task::yield_now().await;
        }
        let fault = cells.read(MAIL, &Limits::default()).await.unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::CellUnavailable));
        drop(holder);
        for call in waiting {
            assert!(call.await.unwrap().is_ok());
        }
    });
}

fn the_cost_of_the_pipe_is_measured() {
    run(async {
        let cells = start(settings()).await;
        let mails = vec![with_attachment(&lines(20_000)); 16];
        let figures = bench(&cells, &mails, 4).await.unwrap();
        assert_eq!(figures.mails, 64);
        assert!(figures.direct_us > 0.0 && figures.single_us > 0.0 && figures.batched_us > 0.0);
        println!("{figures:?} single {:.3} batched {:.3}", figures.single_share(), figures.batched_share());
    });
}
