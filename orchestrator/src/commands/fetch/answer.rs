//! What a server answers to a request for a file or the rest of it.

use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, Response, StatusCode, header};

use super::{checks::digests, part::Version};

/// What a server answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The whole file follows.
    Whole(Version),
    /// The rest of the file follows, from `start` on.
    Rest {
        /// Of the first byte, from 0.
        start: u64,
        /// The file of which it is.
        version: Version,
    },
    /// There is nothing behind the bytes that came so far; how many the file has, if that is told.
    NothingMore(Option<u64>),
    /// Later perhaps: the server is overloaded or broken.
    Later {
        /// Code and words.
        status: String,
        /// When to ask again, if the server says.
        after: Option<Duration>,
    },
    /// No.
    Refused(StatusCode),
}

impl Answer {
    /// Reads status and headers.
    pub fn of<T>(response: &Response<T>) -> Self {
        let (status, headers) = (response.status(), response.headers());
        match status {
            StatusCode::OK => Self::Whole(Version { total: content_length(headers), ..version(headers, true) }),
            StatusCode::PARTIAL_CONTENT => match content_range(headers) {
                (Some(start), total) => Self::Rest { start, version: Version { total, ..version(headers, false) } },
                (None, _) => Self::Refused(status),
            },
            StatusCode::RANGE_NOT_SATISFIABLE => Self::NothingMore(content_range(headers).1),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Self::later(status, headers),
            _ if status.is_server_error() => Self::later(status, headers),
            _ => Self::Refused(status),
        }
    }

    fn later(status: StatusCode, headers: &HeaderMap) -> Self {
        Self::Later { status: status.to_string(), after: text(headers, header::RETRY_AFTER).and_then(retry_after) }
    }
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, header::CONTENT_LENGTH)?.parse().ok()
}

/// Start and total of `bytes 10-19/20`; of `bytes */20` the total.
fn content_range(headers: &HeaderMap) -> (Option<u64>, Option<u64>) {
    let range = text(headers, header::CONTENT_RANGE).and_then(|text| text.strip_prefix("bytes "));
    let Some((range, total)) = range.and_then(|range| range.split_once('/')) else { return (None, None) };
    (range.split_once('-').and_then(|(start, _)| start.trim().parse().ok()), total.trim().parse().ok())
}

/// What identifies the file; `is_whole` if all of it follows, which `Content-MD5` is then of.
fn version(headers: &HeaderMap, is_whole: bool) -> Version {
    let mut checksums = digests(text(headers, "repr-digest").unwrap_or_default());
    checksums.extend(digests(text(headers, "digest").unwrap_or_default()));
    let md5 = text(headers, "content-md5").filter(|_| is_whole).map(|value| digests(&format!("md5={value}")));
    checksums.extend(md5.into_iter().flatten());
    Version {
        // A weak tag says that two files mean the same, not that their bytes are equal.
        etag: text(headers, header::ETAG).filter(|tag| tag.starts_with('"')).map(ToOwned::to_owned),
        last_modified: text(headers, header::LAST_MODIFIED).map(ToOwned::to_owned),
        total: None,
        checksums,
    }
}

/// Seconds or a date.
fn retry_after(value: &str) -> Option<Duration> {
    let until = |date: SystemTime| date.duration_since(SystemTime::now()).unwrap_or_default();
    value.parse().ok().map(Duration::from_secs).or_else(|| httpdate::parse_http_date(value).ok().map(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        Answer::of(&response.body(()).unwrap())
    }

    #[test]
    fn versions_hold_strong_tags_and_checksums_of_the_whole_file() {
        let headers = [
            ("ETag", "\"a\""),
            ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Content-Length", "20"),
            ("Content-MD5", "kAFQmDzST7DWlj99KOF/cg=="),
        ];
        let Answer::Whole(version) = answer(200, &headers) else { panic!("200 is the whole file") };
        assert_eq!((version.validator(), version.total), (Some("\"a\""), Some(20)));
        assert_eq!(version.checksums["md5"], "900150983cd24fb0d6963f7d28e17f72");
        let Answer::Whole(version) = answer(200, &[("ETag", "W/\"a\""), headers[1]]) else { panic!("200") };
        assert_eq!((version.validator(), version.total), (Some("Sun, 06 Nov 1994 08:49:37 GMT"), None));
        let range = [("Content-Range", "bytes 10-19/20"), headers[2], headers[3]];
        let rest = Answer::Rest { start: 10, version: Version { total: Some(20), ..Version::default() } };
        assert_eq!(answer(206, &range), rest, "Content-MD5 is of the part that is sent");
    }

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        assert_eq!(answer(416, &[("Content-Range", "bytes */20")]), Answer::NothingMore(Some(20)));
        assert_eq!(answer(206, &[]), Answer::Refused(StatusCode::PARTIAL_CONTENT));
        assert_eq!(answer(404, &[]), Answer::Refused(StatusCode::NOT_FOUND));
        let after = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        for (value, seconds) in [("7", Some(7)), ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)), ("soon", None)] {
            let expected = Answer::Later { status: "503 Service Unavailable".to_owned(), after: after(seconds) };
            assert_eq!(answer(503, &[("Retry-After", value)]), expected);
        }
        assert!(matches!(answer(429, &[]), Answer::Later { after: None, .. }));
    }
}
