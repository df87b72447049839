//! Dates: IMAP's date and date-time (RFC 3501 section 9), and those of header fields (RFC 5322 section 3.3).

#![forbid(unsafe_code)]

use crate::error::NoMemory;
use crate::wire::buffer::append;

/// A moment, and the zone in which somebody wrote it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Since 1970 in UTC.
    pub seconds: i64,
    /// Minutes east of UTC.
    pub zone: i32,
}

impl Moment {
    /// The year, month and day in its zone; None outside the years 1 to 9999.
    pub fn date(self) -> Option<(i32, u8, u8)> {
        let (date, _) = self.local()?;
        Some(date)
    }

    /// The beginning of a day in UTC; None if there is no such day.
    pub fn midnight(year: i32, month: u8, day: u8) -> Option<Moment> {
        Some(Moment { seconds: days(year, month, day)? * DAY, zone: 0 })
    }

    /// The date, and the second of the day.
    fn local(self) -> Option<((i32, u8, u8), i64)> {
        let seconds = self.seconds.checked_add(i64::from(self.zone) * 60)?;
        Some((civil(seconds.div_euclid(DAY))?, seconds.rem_euclid(DAY)))
    }
}

/// Any of the forms below: a date-time, a date (its midnight in UTC), or what stands in a header field.
pub fn parse(bytes: &[u8]) -> Option<Moment> {
    let midnight = |(year, month, day)| Moment::midnight(year, month, day);
    parse_internal(bytes).or_else(|| parse_date(bytes).and_then(midnight)).or_else(|| parse_header(bytes))
}

/// `date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE`
///
/// The quotes and the zone may be missing, the day have one digit, the second be 60.
pub fn parse_internal(bytes: &[u8]) -> Option<Moment> {
    if let [tens, ones, b'-', rest @ ..] = bytes {
        let tens = if *tens == b' ' { b'0' } else { *tens };
        if let (Some(day), Some((usual, []))) = (two(tens, *ones), Usual::read(rest, b'-')) {
            return usual.moment(day);
        }
    }
    let mut cursor = Cursor { rest: unquoted(bytes) };
    let (year, month, day) = cursor.date()?;
    cursor.spaces()?;
    let time = cursor.time()?;
    let zone = if cursor.rest.is_empty() { 0 } else { cursor.spaces().and_then(|()| cursor.zone())? };
    if !cursor.rest.is_empty() {
        return None;
    }
    moment((year, month, day), time, zone)
}

/// `date = date-text / DQUOTE date-text DQUOTE`, and "2003-04-01".
pub fn parse_date(bytes: &[u8]) -> Option<(i32, u8, u8)> {
    let mut cursor = Cursor { rest: unquoted(bytes) };
    let (year, month, day) = match cursor.rest {
        [_, _, _, _, b'-', ..] => {
            let year = cursor.number(4, 4)?;
            cursor.byte(b'-')?;
            let month = cursor.number(1, 2)?;
            cursor.byte(b'-')?;
            (year, month, cursor.number(1, 2)?)
        }
        _ => cursor.date()?,
    };
    if !cursor.rest.is_empty() {
        return None;
    }
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    days(year, month, day).map(|_| (year, month, day))
}

/// `date-time = [ day-of-week "," ] date time [CFWS]` of RFC 5322 section 3.3, the obsolete forms of its
/// section 4.3, and what mailers make of them: asctime(), dashes, ISO 8601, AM and PM, or no zone (UTC).
///
/// The day of the week is ignored; so is a zone that makes no sense, which is UTC.
pub fn parse_header(bytes: &[u8]) -> Option<Moment> {
    parse_usual(bytes).or_else(|| parse_unusual(bytes))
}

/// "Sat, 05 Apr 2003 14:01:33 +0200 (CEST)": nearly all mail has this form, and it is quick to read.
fn parse_usual(bytes: &[u8]) -> Option<Moment> {
    let rest = match bytes {
        [b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b',', b' ', rest @ ..] => rest,
        rest => rest,
    };
    let (day, rest) = match rest {
        [tens, ones, b' ', rest @ ..] => (two(*tens, *ones)?, rest),
        [ones, b' ', rest @ ..] => (two(b'0', *ones)?, rest),
        _ => return None,
    };
    let (usual, rest) = Usual::read(rest, b' ')?;
    if !rest.is_empty() && !rest.starts_with(b" (") {
        return None;
    }
    usual.moment(day)
}

/// What follows the day in nearly all dates: "Apr 2003 14:01:33 +0200", or the same with a dash.
struct Usual {
    month: i32,
    year: i32,
    time: (i32, i32, i32),
    zone: i32,
}

impl Usual {
    fn read(bytes: &[u8], separator: u8) -> Option<(Usual, &[u8])> {
        let (sent, rest) = bytes.split_first_chunk::<23>()?;
        let [m, o, n, dash, a, b, c, d, b' ', e, f, g, h, i, j, k, l, b' ', sign, p, q, r, s] = *sent else {
            return None;
        };
        if dash != separator || rest.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let [hour, _, _, minute, _, _, second, _] = pairs([e, f, g, h, i, j, k, l], b"00:00:00")?;
        let [century, _, year, _, zone_hour, _, zone_minute, _] =
            pairs([a, b, c, d, p, q, r, s], b"00000000")?;
        let usual = Usual {
            month: month_number(&[m, o, n])?,
            year: i32::from(century) * 100 + i32::from(year),
            time: (i32::from(hour), i32::from(minute), i32::from(second)),
            zone: offset(sign, i32::from(zone_hour), i32::from(zone_minute))?,
        };
        Some((usual, rest))
    }

    fn moment(&self, day: i32) -> Option<Moment> {
        moment((self.year, self.month, day), self.time, self.zone)
    }
}

fn parse_unusual(bytes: &[u8]) -> Option<Moment> {
    let mut fields = Fields::default();
    let mut tokens = Tokens { rest: bytes };
    while let Some((token, is_spaced)) = tokens.next() {
        fields.take(token, is_spaced, &mut tokens)?;
    }
    fields.moment()
}

/// Appends "1-Apr-2003"; false, and nothing is appended, if there is no such day.
pub fn format_date(year: i32, month: u8, day: u8, out: &mut Vec<u8>) -> Result<bool, NoMemory> {
    let (Some(name), Some(_)) = (month_name(month), days(year, month, day)) else { return Ok(false) };
    let mut text = *b"00-Jan-0000";
    digits(&mut text[0..2], i64::from(day));
    text[3..6].copy_from_slice(name);
    digits(&mut text[7..11], i64::from(year));
    append(out, text.strip_prefix(b"0").unwrap_or(&text))?;
    Ok(true)
}

/// "17-Jul-1996 02:44:25 -0700", the day in two columns; None outside the years 1 to 9999 and if the zone is
/// a day or more.
pub fn format_internal(moment: Moment) -> Option<[u8; 26]> {
    let ((year, month, day), second) = moment.local()?;
    let offset = i64::from(moment.zone).abs();
    if offset >= 24 * 60 {
        return None;
    }
    let mut text = *b" 0-Jan-0000 00:00:00 +0000";
    digits(if day < 10 { &mut text[1..2] } else { &mut text[0..2] }, i64::from(day));
    text[3..6].copy_from_slice(month_name(month)?);
    digits(&mut text[7..11], i64::from(year));
    digits(&mut text[12..14], second / 3600);
    digits(&mut text[15..17], second / 60 % 60);
    digits(&mut text[18..20], second % 60);
    text[21] = if moment.zone < 0 { b'-' } else { b'+' };
    digits(&mut text[22..24], offset / 60);
    digits(&mut text[24..26], offset % 60);
    Some(text)
}

const DAY: i64 = 24 * 60 * 60;

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

fn month_name(month: u8) -> Option<&'static [u8; 3]> {
    MONTHS.get(usize::from(month).checked_sub(1)?).copied()
}

fn month_number(name: &[u8]) -> Option<i32> {
    let name: [u8; 3] = name.try_into().ok()?;
    let month = MONTH_OF[slot(name)];
    (letters(name) == MONTH_LETTERS[usize::from(month)]).then_some(i32::from(month))
}

/// The months by their second and third letters, in any case, which tell them apart.
static MONTH_OF: [u8; 32] = {
    let mut months = [0; 32];
    let mut month = 0;
    while month < MONTHS.len() {
        assert!(months[slot(*MONTHS[month])] == 0);
        months[slot(*MONTHS[month])] = month as u8 + 1;
        month += 1;
    }
    months
};

const fn slot(name: [u8; 3]) -> usize {
    (name[1].wrapping_add(name[2]) % 32) as usize
}

/// What they are written with, by their numbers.
static MONTH_LETTERS: [u32; MONTHS.len() + 1] = {
    let mut all = [0; MONTHS.len() + 1];
    let mut month = 0;
    while month < MONTHS.len() {
        all[month + 1] = letters(*MONTHS[month]);
        month += 1;
    }
    all
};

/// Three letters as a number, in any case the same.
const fn letters([a, b, c]: [u8; 3]) -> u32 {
    u32::from_le_bytes([a, b, c, 0]) | 0x0020_2020
}

/// Writes a number over all of `text`.
fn digits(text: &mut [u8], mut number: i64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The days from 1970 to a day of the Gregorian calendar; None if there is no such day in the years 1 to 9999.
fn days(year: i32, month: u8, day: u8) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(is_leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March have the leap day at their end.
    let (year, month) = (i64::from(year), i64::from(month));
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

/// The reverse of `days`.
fn civil(days: i64) -> Option<(i32, u8, u8)> {
    let days = days.checked_add(719_468)?;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era + i64::from(month >= 10);
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
    Some((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
}

/// Second 60 is the first of the next minute.
fn moment(date: (i32, i32, i32), time: (i32, i32, i32), zone: i32) -> Option<Moment> {
    let (hour, minute, second) = time;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days(date.0, u8::try_from(date.1).ok()?, u8::try_from(date.2).ok()?)?;
    let minutes = hour * 60 + minute - zone;
    Some(Moment { seconds: days * DAY + i64::from(minutes) * 60 + i64::from(second), zone })
}

fn unquoted(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii();
    bytes.strip_prefix(b"\"").and_then(|bytes| bytes.strip_suffix(b"\"")).unwrap_or(bytes).trim_ascii()
}

/// What is left of a date in IMAP's fixed forms.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn byte(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    fn spaces(&mut self) -> Option<()> {
        let rest = self.rest.trim_ascii_start();
        let is_some = rest.len() < self.rest.len();
        self.rest = rest;
        is_some.then_some(())
    }

    #[inline]
    fn number(&mut self, least: usize, most: usize) -> Option<i32> {
        let (mut number, mut size) = (0, 0);
        while let Some(digit @ b'0'..=b'9') = self.rest.get(size) {
            if size == most {
                return None;
            }
            number = number * 10 + i32::from(digit - b'0');
            size += 1;
        }
        self.rest = &self.rest[size..];
        (size >= least).then_some(number)
    }

    /// `date-text = date-day "-" date-month "-" date-year`
    fn date(&mut self) -> Option<(i32, i32, i32)> {
        let day = self.number(1, 2)?;
        self.byte(b'-')?;
        let month = self.month()?;
        self.byte(b'-')?;
        Some((self.number(4, 4)?, month, day))
    }

    /// `time = 2DIGIT ":" 2DIGIT ":" 2DIGIT`
    fn time(&mut self) -> Option<(i32, i32, i32)> {
        let hour = self.number(1, 2)?;
        self.byte(b':')?;
        let minute = self.number(1, 2)?;
        self.byte(b':')?;
        Some((hour, minute, self.number(1, 2)?))
    }

    fn month(&mut self) -> Option<i32> {
        let (name, rest) = self.rest.split_at_checked(3)?;
        self.rest = rest;
        month_number(name)
    }

    /// `zone = ("+" / "-") 4DIGIT`
    fn zone(&mut self) -> Option<i32> {
        let (sign, rest) = self.rest.split_first()?;
        self.rest = rest;
        let number = self.number(4, 4)?;
        offset(*sign, number / 100, number % 100)
    }
}

/// Two digits.
fn two(tens: u8, ones: u8) -> Option<i32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i32::from(tens * 10 + ones))
}

/// What each byte and the next one mean as two digits; None unless a digit stands where `form` has "0", and what it has
/// elsewhere. All eight at once.
#[inline(always)]
fn pairs(sent: [u8; 8], form: &[u8; 8]) -> Option<[u8; 8]> {
    let word = u64::from_le_bytes(sent) ^ u64::from_le_bytes(*form);
    // Added to a byte that differs too much, these make its high bit.
    let too_much = form.map(|byte| 0x80 - if byte == b'0' { 10 } else { 1 });
    let is_other = (word.wrapping_add(u64::from_le_bytes(too_much)) | word) & 0x8080_8080_8080_8080 != 0;
    (!is_other).then(|| word.wrapping_mul(10).wrapping_add(word >> 8).to_le_bytes())
}

/// Minutes from "+hhmm"; None if that is no time of the day.
fn offset(sign: u8, hours: i32, minutes: i32) -> Option<i32> {
    match sign {
        _ if hours > 23 || minutes > 59 => None,
        b'+' => Some(hours * 60 + minutes),
        b'-' => Some(-(hours * 60 + minutes)),
        _ => None,
    }
}

/// A token of a date in a header.
#[derive(Clone, Copy)]
enum Token<'a> {
    Word(&'a [u8]),
    /// How many digits, and their value if these are not too many.
    Number(usize, Option<i32>),
    Sign(u8),
}

struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    /// The next token, and whether something stood between it and the last that is neither of them.
    fn next(&mut self) -> Option<(Token<'a>, bool)> {
        let before = self.rest.len();
        while let [first, rest @ ..] = self.rest {
            match first {
                b'(' => self.comment(),
                _ if first.is_ascii_alphanumeric() || is_sign(*first) => break,
                _ => self.rest = rest,
            }
        }
        let is_spaced = self.rest.len() < before;
        let first = *self.rest.first()?;
        let token = match first {
            b'0'..=b'9' => {
                let digits = self.run(u8::is_ascii_digit);
                let value = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
                Token::Number(digits.len(), value)
            }
            _ if first.is_ascii_alphabetic() => Token::Word(self.run(u8::is_ascii_alphabetic)),
            _ => {
                self.rest = &self.rest[1..];
                Token::Sign(first)
            }
        };
        Some((token, is_spaced))
    }

    fn run(&mut self, is_part: fn(&u8) -> bool) -> &'a [u8] {
        let size = self.rest.iter().take_while(|b| is_part(b)).count();
        let (run, rest) = self.rest.split_at(size);
        self.rest = rest;
        run
    }

    /// `comment = "(" *([FWS] ccontent) [FWS] ")"` (RFC 5322 section 3.2.2), nested to any depth.
    fn comment(&mut self) {
        let mut depth = 0usize;
        while let [first, rest @ ..] = self.rest {
            self.rest = rest;
            match first {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => self.rest = rest.get(1..).unwrap_or_default(),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// A number right here, behind `separator`.
    fn part(&mut self, separator: u8) -> Option<i32> {
        let mut ahead = Tokens { rest: self.rest.strip_prefix(&[separator])? };
        match ahead.next()? {
            (Token::Number(1..=2, value), false) => {
                self.rest = ahead.rest;
                value
            }
            _ => None,
        }
    }
}

fn is_sign(byte: u8) -> bool {
    matches!(byte, b'+' | b'-')
}

/// What is known so far of a date in a header.
#[derive(Default)]
struct Fields {
    year: Option<i32>,
    month: Option<i32>,
    day: Option<i32>,
    time: Option<(i32, i32, i32)>,
    zone: Option<i32>,
    has_numeric_zone: bool,
    after_month: bool,
}

impl Fields {
    /// None if there can be no date any more.
    fn take(&mut self, token: Token, is_spaced: bool, tokens: &mut Tokens) -> Option<()> {
        let after_month = std::mem::take(&mut self.after_month) && !is_spaced;
        match token {
            Token::Word(word) => self.take_word(word),
            Token::Number(size, value) => self.take_number(size, value, tokens)?,
            // Behind a month "-" is the hyphen of "5-Apr-2003".
            Token::Sign(sign) if self.time.is_some() && !self.has_numeric_zone && !after_month => {
                self.take_zone(sign, tokens);
            }
            Token::Sign(_) => {}
        }
        Some(())
    }

    fn take_word(&mut self, word: &[u8]) {
        let month = word.get(..3).and_then(month_number);
        if self.month.is_none() && month.is_some() {
            self.month = month;
            self.after_month = true;
        } else if let Some((hour, ..)) = &mut self.time {
            let is_pm = word.eq_ignore_ascii_case(b"pm");
            if is_pm || word.eq_ignore_ascii_case(b"am") {
                // "14:01 PM" is 14:01.
                if (1..=12).contains(hour) {
                    *hour = *hour % 12 + if is_pm { 12 } else { 0 };
                }
            } else if self.zone.is_none() {
                self.zone = named_zone(word);
            }
        }
    }

    fn take_number(&mut self, size: usize, value: Option<i32>, tokens: &mut Tokens) -> Option<()> {
        let separator = match tokens.rest.first() {
            Some(b':') => b':',
            // "12.01.33" is a time, "5.4.2003" is not.
            Some(b'.') if self.day.is_some() && self.month.is_some() => b'.',
            _ => return self.take_date_number(size, value?),
        };
        if self.time.is_some() || size > 2 {
            return self.take_date_number(size, value?);
        }
        let minute = tokens.part(separator)?;
        let second = tokens.part(separator).unwrap_or(0);
        self.time = Some((value?, minute, second));
        if let Some(rest @ [b'0'..=b'9', ..]) = tokens.rest.strip_prefix(b".") {
            tokens.rest = rest;
            tokens.run(u8::is_ascii_digit);
        }
        Some(())
    }

    fn take_date_number(&mut self, size: usize, value: i32) -> Option<()> {
        match (size, self.year, self.month, self.day) {
            (1..=2, Some(_), None, None) => self.month = Some(value),
            (1..=2, _, _, None) => self.day = Some(value),
            // RFC 5322 section 4.3
            (1..=2, None, ..) => self.year = Some(value + if value < 50 { 2000 } else { 1900 }),
            (3, None, ..) => self.year = Some(value + 1900),
            (_, None, ..) => self.year = Some(value),
            _ => {}
        }
        Some(())
    }

    /// `zone = (FWS ( "+" / "-" ) 4DIGIT)`, also "+02:00" and "+2".
    fn take_zone(&mut self, sign: u8, tokens: &mut Tokens) {
        let mut ahead = Tokens { rest: tokens.rest };
        let Some((Token::Number(size, value), false)) = ahead.next() else { return };
        tokens.rest = ahead.rest;
        let number = match size {
            1..=2 => value.map(|hours| hours * 100 + tokens.part(b':').unwrap_or(0)),
            3..=4 => value,
            _ => None,
        };
        self.zone = Some(number.and_then(|number| offset(sign, number / 100, number % 100)).unwrap_or(0));
        self.has_numeric_zone = true;
    }

    fn moment(self) -> Option<Moment> {
        let date = (self.year?, self.month?, self.day?);
        moment(date, self.time.unwrap_or((0, 0, 0)), self.zone.unwrap_or(0))
    }
}

/// `obs-zone` of RFC 5322 section 4.3, where military letters are UTC, and the common names that mean one
/// zone only; None if it is not one of them.
fn named_zone(name: &[u8]) -> Option<i32> {
    let mut upper = [0; 4];
    let upper = upper.get_mut(..name.len())?;
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    let hours = match &*upper {
        b"UT" | b"UTC" | b"GMT" | b"WET" | [_] => 0,
        b"EST" | b"CDT" => -5,
        b"EDT" => -4,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        b"BST" | b"CET" | b"MET" | b"MEZ" | b"WEST" => 1,
        b"CEST" | b"MEST" | b"MESZ" | b"EET" => 2,
        b"EEST" | b"MSK" => 3,
        b"JST" | b"KST" => 9,
        b"AEST" => 10,
        b"AEDT" => 11,
        b"NZST" => 12,
        b"NZDT" => 13,
        _ => return None,
    };
    Some(hours * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, zone: i32) -> Option<Moment> {
        Some(Moment { seconds, zone })
    }

    #[test]
    fn date_times_of_imap() {
        // date -u -d "1996-07-17 09:44:25" +%s is 837596665.
        for text in
            ["17-Jul-1996 02:44:25 -0700", "\"17-Jul-1996 02:44:25 -0700\"", " 17-JUL-1996  02:44:25  -0700 "]
        {
            assert_eq!(parse_internal(text.as_bytes()), at(837_596_665, -420), "{text}");
        }
        for text in [" 2-jan-1970 00:00:00 +0000", "02-Jan-1970 00:00:00 +0000", "2-Jan-1970 0:0:0"] {
            assert_eq!(parse_internal(text.as_bytes()), at(86_400, 0), "{text}");
        }
        assert_eq!(parse_internal(b"31-Dec-2016 23:59:60 +0000"), at(1_483_228_800, 0));
        assert_eq!(parse_internal(b"29-Feb-2000 00:00:00 +0000"), at(951_782_400, 0));
        assert_eq!(parse_internal(b"01-Jan-0001 00:00:00 +0000"), at(-62_135_596_800, 0));
        assert_eq!(parse_internal(b"31-Dec-9999 23:59:59 +0000"), at(253_402_300_799, 0));
    }

    #[test]
    fn date_times_that_there_are_not() {
        for text in [
            "",
            "17-Jul-1996",
            "17-Jul-1996 02:44",
            "17-Jul-1996 02:44:25 PST",
            "17-Jul-1996 02:44:25 +9999",
            "17-Jul-1996 02:44:25 +0160",
            "17-Jul-1996 24:00:00 +0000",
            "17-Jul-1996 02:60:00 +0000",
            "17-Jul-1996 02:44:61 +0000",
            "17-Jul-0000 02:44:25 +0000",
            "17-Jul-99999 02:44:25 +0000",
            "29-Feb-1900 00:00:00 +0000",
            "31-Apr-2003 00:00:00 +0000",
            "0-Apr-2003 00:00:00 +0000",
            "17-Jux-1996 02:44:25 +0000",
            "17-Jul-1996 02:44:25 +0000 x",
        ] {
            assert_eq!(parse_internal(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn dates_of_header_fields() {
        // 2003-04-05 12:01:33 UTC is 1049544093.
        for (text, seconds, zone) in [
            ("Sat, 5 Apr 2003 12:01:33 +0000", 1_049_544_093, 0),
            ("Sat, 05 Apr 2003 14:01:33 +0200 (CEST)", 1_049_544_093, 120),
            ("5 Apr 2003 12:01:33", 1_049_544_093, 0),
            ("Thu Apr  5 12:01:33 2003", 1_049_544_093, 0),
            ("Sat Apr 5 07:01:33 EST 2003", 1_049_544_093, -300),
            ("Sat Apr 5 07:01:33 2003 -0500", 1_049_544_093, -300),
            ("Sat Apr 5 07:01:33 -0500 2003", 1_049_544_093, -300),
            ("Saturday, 05-Apr-03 12:01:33 GMT", 1_049_544_093, 0),
            ("12:01:33 5-Apr-2003", 1_049_544_093, 0),
            ("sat,5APR2003 12:01:33Z", 1_049_544_093, 0),
            ("5 April 103 12:01:33 ut", 1_049_544_093, 0),
            ("5 Apr 2003 05:01:33 PDT", 1_049_544_093, -420),
            ("5 Apr 2003 12:01:33 A", 1_049_544_093, 0),
            ("5 Apr 2003 12:01:33 XYZT", 1_049_544_093, 0),
            ("5 Apr 2003 12:01:33 +9999", 1_049_544_093, 0),
            ("5 Apr 2003 14:01:33 GMT+02:00", 1_049_544_093, 120),
            ("5 Apr 2003 14:01:33 +2", 1_049_544_093, 120),
            ("5 Apr 2003 12.01.33", 1_049_544_093, 0),
            ("Apr 5, 2003 12:01:33 PM", 1_049_544_093, 0),
            ("2003-04-05T12:01:33.25Z", 1_049_544_093, 0),
            ("2003/04/05 14:01:33 +0200", 1_049_544_093, 120),
            ("Sat (a(b)\\)c)\r\n\t,5 ( ) Apr 2003 12:01:33 \"GMT\"", 1_049_544_093, 0),
            ("5 Apr 2003 12:01 +0000", 1_049_544_060, 0),
            ("5 Apr 2003", 1_049_500_800, 0),
            ("5 Apr 2003 12:01:33 AM", 1_049_500_893, 0),
            ("1 Jan 70 00:00:00 -0001", 60, -1),
            ("1 Jan 49 00:00:00", 2_493_072_000, 0),
            ("31 Dec 2016 23:59:60 UTC", 1_483_228_800, 0),
        ] {
            assert_eq!(parse_header(text.as_bytes()), at(seconds, zone), "{text}");
            assert_eq!(parse_unusual(text.as_bytes()), at(seconds, zone), "{text}");
        }
        for text in [
            "",
            "now",
            "5 Apr",
            "Apr 2003 12:01:33",
            "31 Apr 2003 12:01:33",
            "5 Apr 0000 12:01:33",
            "5 Apr 20033 12:01:33",
            "5 Apr 99999999999 12:01:33",
            "5 Apr 2003 25:01:33",
            "5 Apr 2003 12:",
            "(5 Apr 2003 12:01:33",
            "5.4.2003 12:01:33",
        ] {
            assert_eq!(parse_header(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn dates_without_a_time() {
        for text in
            ["1-Apr-2003", "\"1-Apr-2003\"", "01-APR-2003", " 1-Apr-2003", "2003-04-01", "\"2003-4-1\""]
        {
            assert_eq!(parse_date(text.as_bytes()), Some((2003, 4, 1)), "{text}");
        }
        for text in
            ["", "1-Apr", "1-Apr-03", "31-Apr-2003", "2003-13-01", "2003-00-01", "0000-01-01", "1-Apr-2003x"]
        {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"1-Apr-2003"), at(1_049_155_200, 0));
        assert_eq!(parse(b"17-Jul-1996 02:44:25 -0700"), at(837_596_665, -420));
        assert_eq!(parse(b"Wed, 17 Jul 1996 02:44:25 PDT"), at(837_596_665, -420));
    }

    #[test]
    fn dates_are_written() {
        let text = |seconds, zone| {
            format_internal(Moment { seconds, zone }).map(|text| String::from_utf8(text.to_vec()).unwrap())
        };
        assert_eq!(text(837_596_665, -420).unwrap(), "17-Jul-1996 02:44:25 -0700");
        assert_eq!(text(-1, 90).unwrap(), " 1-Jan-1970 01:29:59 +0130");
        assert_eq!(text(253_402_300_800, -1).unwrap(), "31-Dec-9999 23:59:00 -0001");
        assert_eq!(text(253_402_300_800, 0), None);
        assert_eq!(text(-62_135_596_801, 0), None);
        assert_eq!(text(0, 1440), None);
        assert_eq!(text(i64::MAX, i32::MAX), None);
        assert_eq!(text(i64::MIN, i32::MIN), None);
        let mut out = Vec::new();
        assert_eq!(format_date(2003, 4, 1, &mut out), Ok(true));
        assert_eq!(format_date(33, 12, 31, &mut out), Ok(true));
        assert_eq!(format_date(2003, 2, 29, &mut out), Ok(false));
        assert_eq!(out, b"1-Apr-200331-Dec-0033");
        assert_eq!(Moment { seconds: -1, zone: 0 }.date(), Some((1969, 12, 31)));
    }

    #[test]
    fn every_day_comes_back() {
        let mut expected = days(1, 1, 1).unwrap();
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(number) = days(year, month, day) {
                        assert_eq!((number, civil(number)), (expected, Some((year, month, day))));
                        expected += 1;
                    }
                }
            }
        }
        assert_eq!(expected, 2_932_897); // 10000-01-01
    }

    #[test]
    fn any_bytes_are_read() {
        let parts = [
            "5", "Apr", "2003", "12:01:33", "+0200", " ", "-", "(", ")", "\\", ":", ".", "T", "PM", "99",
            "\"",
        ];
        let mut seed = 9u32;
        for round in 0..100_000 {
            let mut text = Vec::new();
            for _ in 0..round % 16 {
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                match parts.get((seed >> 16) as usize % 18) {
                    Some(part) => text.extend_from_slice(part.as_bytes()),
                    None => text.push((seed >> 8) as u8),
                }
            }
            if let Some(moment) = parse(&text) {
                assert!(moment.zone.abs() < 1440 && format_internal(moment).is_some());
            }
        }
        let text = b"Sat, 5 Apr 2003 12:01:33 +0200 (CEST)";
        for end in 0..text.len() {
            parse(&text[..end]);
            parse(&text[end..]);
        }
        for part in ["(", "5", "5 ", "5:", "a", "+", "\\"] {
            assert_eq!(parse(part.repeat(1_000_000).as_bytes()), None);
        }
    }
}
