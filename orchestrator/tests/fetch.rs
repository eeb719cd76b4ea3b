//! `fetch` against a server that drops connections, changes its files and sends nonsense.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod support;

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use support::{Reply, Request, Server, fixture};
use tempfile::TempDir;

const NAME: &str = "Gift_Cards.json.gz";
const TAG: (&str, &str) = ("ETag", "\"one\"");

/// A gzip file that cannot be compressed much, of some 20 kB.
fn content(seed: u64) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for number in 0..600_u64 {
        encoder.write_all(blake3::hash(&[seed.to_le_bytes(), number.to_le_bytes()].concat()).as_bytes()).unwrap();
    }
    encoder.finish().unwrap()
}

/// A folder to download to.
struct Downloads(TempDir);

impl Downloads {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, base_url: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        command.env_remove("RUST_LOG").stdin(Stdio::null()).current_dir(self.0.path());
        command.args(["fetch", "amazon-2018", "--category", "Gift_Cards", "--to", ".", "--base-url", base_url]);
        if !more.contains(&"--retry-pause") {
            command.args(["--retry-pause", "0"]);
        }
        command.args(more);
        command
    }

    /// Fetches the reviews only.
    fn fetch(&self, server: &Server, more: &[&str]) -> (i32, String) {
        let output = self.command(server.address(), &[&["--no-metadata"], more].concat()).output().unwrap();
        (output.status.code().unwrap(), errors(&output))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("amazon-2018").join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn has_nothing(&self) {
        assert_eq!(self.names(), Vec::<String>::new());
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Answers as a good server does: the rest where it is asked for and the tag still fits.
fn good(request: &Request, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let tag = headers.iter().find(|(name, _)| *name == "ETag").map(|(_, tag)| *tag);
    match request.start() {
        Some(start) if request.header("if-range") == tag => Reply::rest(headers, body, start),
        _ => Reply::whole(headers, body),
    }
}

#[test]
fn both_files_come_with_the_command_that_loads_them() {
    let (reviews, products) = (content(1), content(2));
    let (one, two) = (reviews.clone(), products.clone());
    let server =
        Server::start(move |_, request| Reply::whole(&[TAG], if request.path.contains("meta_") { &two } else { &one }));
    let downloads = Downloads::new();
    let output = downloads.command(server.address(), &[]).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    let hash =
        |bytes: &[u8]| Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let size = |bytes: &[u8]| format!("{:.1} kB", bytes.len() as f64 / 1000.0);
    let expected = format!(
        "./amazon-2018/Gift_Cards.json.gz: {}, sha256 {}\n\
         ./amazon-2018/meta_Gift_Cards.json.gz: {}, sha256 {}\n\
         to load, train and evaluate:\n  \
         orchestrator run pipelines/amazon-2018.yaml --set reviews=./amazon-2018/Gift_Cards.json.gz \
         --set metadata=./amazon-2018/meta_Gift_Cards.json.gz\n",
        size(&reviews),
        hash(&reviews),
        size(&products),
        hash(&products)
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let asked: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked, ["/categoryFiles/Gift_Cards.json.gz", "/metaFiles2/meta_Gift_Cards.json.gz"]);
    assert_eq!((downloads.read(NAME), downloads.read(&format!("meta_{NAME}"))), (reviews, products));
    assert_eq!(downloads.names(), [NAME, "meta_Gift_Cards.json.gz"]);

    let again = downloads.command(server.address(), &[]).output().unwrap();
    assert_eq!(again.stdout, output.stdout);
    assert_eq!(server.requests().len(), 2, "what is there is not fetched again");
    fs::write(downloads.path(NAME), &downloads.read(NAME)[..1000]).unwrap();
    let (code, text) = downloads.fetch(&server, &[]);
    assert!(code == 1 && text.contains("one that is cut short; remove it"), "{text}");
}

#[test]
fn the_other_dumps_have_their_own_places() {
    let server = Server::start(|_, _| Reply::whole(&[], &content(1)));
    let cases: [(&[&str], &str); 3] = [
        (&["amazon-2014", "--category", "Baby", "--five-core"], "/categoryFiles/reviews_Baby_5.json.gz"),
        (&["amazon-2018", "--category", "Software", "--five-core"], "/categoryFilesSmall/Software_5.json.gz"),
        (&["amazon-2023", "--category", "Unknown"], "/raw/review_categories/Unknown.jsonl.gz"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (number, (arguments, path)) in cases.iter().enumerate() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command.arg("fetch").args(*arguments).args(["--no-metadata", "--base-url", server.address(), "--to"]);
        assert!(command.arg(folder.path()).output().unwrap().status.success());
        assert_eq!(server.requests()[number].path, *path);
    }
}

#[test]
fn a_connection_that_breaks_goes_on_where_it_broke() {
    let body = content(1);
    let sent = body.clone();
    let server = Server::start(move |number, request| {
        let missing = [15_000, 7_000, 1, 0][number];
        good(request, &[TAG], &sent).cut(missing)
    });
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &["--retries", "1"]);
    assert_eq!(code, 0, "each attempt brought something: {text}");
    assert_eq!(downloads.read(NAME), body);
    let asked: Vec<_> = server.requests().iter().map(Request::start).collect();
    let length = body.len();
    assert_eq!(asked, [None, Some(length - 15_000), Some(length - 7_000), Some(length - 1)]);
    assert!(server.requests()[1..].iter().all(|request| request.header("if-range") == Some("\"one\"")));
}

#[test]
fn a_killed_process_leaves_what_the_next_one_goes_on_from() {
    let body = content(1);
    let (sent, half) = (body.clone(), body.len() / 2);
    let server = Server::start(move |number, request| match number {
        0 => good(request, &[TAG], &sent).cut(sent.len() - half).hold(),
        _ => good(request, &[TAG], &sent),
    });
    let downloads = Downloads::new();
    let mut child = downloads.command(server.address(), &["--no-metadata"]).stderr(Stdio::null()).spawn().unwrap();
    let part = downloads.path("Gift_Cards.json.gz.part");
    // The server is silent after this half, so the loop ends when it is written and not before.
    while fs::metadata(&part).map_or(0, |metadata| metadata.len()) < half as u64 {
        assert!(child.try_wait().unwrap().is_none(), "it waits for the other half");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, text) = downloads.fetch(&server, &[]);
    assert_eq!((code, server.requests()[1].start()), (0, Some(half)), "{text}");
    assert_eq!(downloads.read(NAME), body);
    assert_eq!(downloads.names(), [NAME]);
}

#[test]
fn a_site_that_has_moved_is_followed_also_for_the_rest() {
    let body = content(1);
    let sent = body.clone();
    let server = Server::start(move |number, request| {
        if request.path.starts_with("/moved/") {
            return good(request, &[TAG], &sent).cut(if number < 2 { 4_000 } else { 0 });
        }
        let place = format!("/moved{}", request.path);
        Reply::new("302 Found", &[("Location", &place), ("Content-Length", "0")], b"")
    });
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &[]);
    assert_eq!((code, downloads.read(NAME)), (0, body.clone()), "{text}");
    assert_eq!(server.requests()[3].start(), Some(body.len() - 4_000));
}

#[test]
fn a_file_of_unknown_length_is_put_together_and_stays_packed() {
    let body = content(1);
    let sent = body.clone();
    let chunked = [TAG, ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")];
    let server = Server::start(move |number, request| {
        let rest = &sent[request.start().unwrap_or_default()..];
        // Some servers take the `.gz` of the name for an encoding of the transfer.
        let (status, range) = if request.start().is_some() {
            ("206 Partial Content", format!("bytes {}-{}/*", sent.len() - rest.len(), sent.len() - 1))
        } else {
            ("200 OK", String::new())
        };
        let headers = [&chunked[..], &[("Content-Range", range.as_str())]].concat();
        let coded = [format!("{:x}\r\n", rest.len()).as_bytes(), rest, b"\r\n0\r\n\r\n"].concat();
        Reply::new(status, &headers, &coded).cut([10_000, 0][number])
    });
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &[]);
    assert_eq!((code, downloads.read(NAME)), (0, body.clone()), "{text}");
    // Of what was cut, 7 bytes end the chunk and the body.
    assert_eq!(server.requests()[1].start(), Some(body.len() - 10_000 + 7));
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let body = content(1);
    let sent = body.clone();
    let server = Server::start(move |number, _| Reply::whole(&[TAG], &sent).cut([9_000, 5_000, 0][number]));
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &[]);
    assert!(code == 0 && text.contains("the server cannot go on; it begins anew"), "{text}");
    assert_eq!(downloads.read(NAME), body);
}

#[test]
fn without_a_version_nothing_is_put_together() {
    let (old, new) = (content(1), content(2));
    let sent = new.clone();
    let server = Server::start(move |number, _| match number {
        0 => Reply::whole(&[("ETag", "W/\"weak\"")], &old).cut(5_000),
        _ => Reply::whole(&[("ETag", "W/\"weak\"")], &sent),
    });
    let downloads = Downloads::new();
    assert_eq!(downloads.fetch(&server, &[]).0, 0);
    assert_eq!(server.requests()[1].start(), None, "a weak tag does not vouch for bytes");
    assert_eq!(downloads.read(NAME), new);
}

#[test]
fn a_file_that_changes_in_between_begins_anew() {
    for honours_if_range in [true, false] {
        let (old, new) = (content(1), content(2));
        let (before, after) = (old.clone(), new.clone());
        let server = Server::start(move |number, request| match number {
            0 => good(request, &[TAG], &before).cut(5_000),
            // Some servers send the rest of what they have now, whatever was asked for.
            1 if !honours_if_range => Reply::rest(&[("ETag", "\"two\"")], &after, request.start().unwrap()),
            _ => good(request, &[("ETag", "\"two\"")], &after),
        });
        let downloads = Downloads::new();
        let (code, text) = downloads.fetch(&server, &[]);
        let told = if honours_if_range { "the file has changed on the server" } else { "the rest of another version" };
        assert!(code == 0 && text.contains(told), "{text}");
        assert_eq!(downloads.read(NAME), new);
    }
}

#[test]
fn a_part_that_the_server_no_longer_has_begins_anew() {
    let body = content(1);
    let sent = body.clone();
    let server = Server::start(move |number, request| match number {
        0 => Reply::whole(&[TAG], &sent).cut(5_000),
        1 => Reply::new("416 Range Not Satisfiable", &[("Content-Range", "bytes */3")], b""),
        2 => Reply::rest(&[TAG], &sent, request.start().unwrap_or_default() + 1).cut(0),
        _ => Reply::whole(&[TAG], &sent),
    });
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &[]);
    // The third request asks for the whole file and gets a part: that is no server to go on with.
    assert!(code == 1 && text.contains("it has nothing behind byte") && text.contains("206 Partial Content"), "{text}");
    downloads.has_nothing();
    assert_eq!(downloads.fetch(&server, &[]).0, 0);
    assert_eq!(downloads.read(NAME), body);
}

#[test]
fn a_broken_server_is_asked_again_and_a_missing_file_is_not() {
    let body = content(1);
    let sent = body.clone();
    let server = Server::start(move |number, _| match number {
        0 => Reply::new("500 Internal Server Error", &[], b"oops"),
        1 => Reply::new("429 Too Many Requests", &[], b""),
        2 => Reply::whole(&[], &sent),
        _ => Reply::new("404 Not Found", &[], b"<html>"),
    });
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &["--retries", "1"]);
    assert!(code == 1 && text.contains("429 Too Many Requests; ask again later"), "{text}");
    let (code, text) = downloads.fetch(&server, &[]);
    assert_eq!((code, downloads.read(NAME)), (0, body), "{text}");
    fs::remove_file(downloads.path(NAME)).unwrap();
    let (code, text) = downloads.fetch(&server, &[]);
    assert!(code == 1 && text.contains("the server answered 404 Not Found; the site may have moved"), "{text}");
    assert_eq!(server.requests().len(), 4);
    downloads.has_nothing();
}

#[test]
fn a_pause_that_the_server_asks_for_is_heeded() {
    let server = Server::start(move |number, _| match number {
        0 => Reply::new("503 Service Unavailable", &[("Retry-After", "0")], b""),
        _ => Reply::whole(&[], &content(1)),
    });
    // Its own pause is an hour.
    let (code, text) = Downloads::new().fetch(&server, &["--retry-pause", "3600"]);
    assert!(code == 0 && text.contains("attempt 2 of 6 in 0.0 s"), "{text}");
    let server = Server::start(|_, _| Reply::new("503 Service Unavailable", &[("Retry-After", "86400")], b""));
    let (code, text) = Downloads::new().fetch(&server, &[]);
    assert!(code == 1 && text.contains("503 Service Unavailable; ask again later"), "{text}");
    assert_eq!(server.requests().len(), 1, "a day is too long to wait");
}

#[test]
fn a_length_that_does_not_fit_is_told() {
    let body = content(1);
    let (longer, sent) = ((body.len() + 10).to_string(), body.clone());
    let server = Server::start(move |_, _| Reply::new("200 OK", &[("Content-Length", &longer)], &sent));
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &["--retries", "2"]);
    let told = format!("the connection ended at byte {} of {} in 3 attempts in a row", body.len(), body.len() + 10);
    assert!(code == 1 && text.contains(&told) && text.contains("the same command goes on"), "{text}");

    let (shorter, sent) = ((body.len() - 10).to_string(), body.clone());
    let server = Server::start(move |_, _| Reply::new("200 OK", &[("Content-Length", &shorter)], &sent));
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &[]);
    assert!(code == 1 && text.contains("expected a whole gzip file, found"), "{text}");
    downloads.has_nothing();
}

#[test]
fn what_is_no_gzip_file_does_not_get_the_name() {
    let mut damaged = content(1);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for body in [b"<html>Log in to the network</html>".to_vec(), damaged, Vec::new()] {
        let server = Server::start(move |_, _| Reply::whole(&[TAG], &body));
        let downloads = Downloads::new();
        let (code, text) = downloads.fetch(&server, &[]);
        assert!(code == 1 && text.contains("expected a whole gzip file, found"), "{text}");
        downloads.has_nothing();
    }
}

#[test]
fn checksums_of_server_and_user_decide() {
    let body = content(1);
    let right = STANDARD.encode(Sha256::digest(&body));
    let wrong = STANDARD.encode(Sha256::digest(b"another file"));
    for (digest, code) in [(&right, 0), (&wrong, 1)] {
        let (header, sent) = (format!("sha-256=:{digest}:"), body.clone());
        let server = Server::start(move |_, _| Reply::whole(&[("Repr-Digest", &header)], &sent));
        let downloads = Downloads::new();
        let (found, text) = downloads.fetch(&server, &[]);
        assert_eq!(found, code, "{text}");
        assert_eq!(text.contains("the server gives sha256"), code == 1, "{text}");
    }
    let server = Server::start(move |_, _| Reply::whole(&[], &body));
    let downloads = Downloads::new();
    let given = format!("{NAME}={}", "0".repeat(64));
    let (code, text) = downloads.fetch(&server, &["--sha256", &given]);
    assert!(code == 1 && text.contains("--sha256 gives sha256 0000"), "{text}");
    downloads.has_nothing();
}

#[test]
fn a_silent_connection_is_given_up() {
    let body = content(1);
    let sent = body.clone();
    let server = Server::start(move |number, request| match number {
        0 => good(request, &[TAG], &sent).cut(5_000).hold(),
        _ => good(request, &[TAG], &sent),
    });
    let downloads = Downloads::new();
    let (code, text) = downloads.fetch(&server, &["--stall-timeout", "0.2"]);
    assert_eq!((code, downloads.read(NAME)), (0, body), "{text}");
}

#[test]
fn a_server_that_cannot_be_reached_ends_with_code_three() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let downloads = Downloads::new();
    let output = downloads.command(&format!("http://{free}"), &["--retries", "1"]).output().unwrap();
    let text = errors(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("in 2 attempts in a row; check the network and the proxy"), "{text}");
    downloads.has_nothing();
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let server = Server::start(|_, _| Reply::new("403 Forbidden", &[], b""));
    let downloads = Downloads::new();
    let mut command = downloads.command("http://dump.invalid", &["--no-metadata", "--retries", "0"]);
    let output = command.env("HTTP_PROXY", server.address()).output().unwrap();
    assert!(!output.status.success());
    let asked = server.requests();
    assert!(asked.len() == 1 && asked[0].path.contains("dump.invalid"), "{asked:?}: {}", errors(&output));
}

#[test]
fn encrypted_connections_are_trusted_as_the_environment_says() {
    let body = content(1);
    let sent = body.clone();
    let server = Server::start_tls(move |_| Reply::whole(&[TAG], &sent));
    let downloads = Downloads::new();
    // An hour's pause: it must not try again what cannot pass.
    let mut command = downloads.command(server.address(), &["--no-metadata", "--retry-pause", "3600"]);
    let output = command.env_remove("SSL_CERT_FILE").output().unwrap();
    let text = errors(&output);
    assert!(output.status.code() == Some(3) && text.contains("UnknownIssuer"), "{text}");
    downloads.has_nothing();
    let output = command.env("SSL_CERT_FILE", fixture("server-certificate.pem")).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(downloads.read(NAME), body);
    let output = command.env("SSL_CERT_FILE", "none.pem").output().unwrap();
    assert!(output.status.success(), "what is there is only checked: {}", errors(&output));
    fs::remove_file(downloads.path(NAME)).unwrap();
    let output = command.output().unwrap();
    let text = errors(&output);
    assert!(output.status.code() == Some(1) && text.contains("certificates of SSL_CERT_FILE in none.pem"), "{text}");
}

#[test]
fn a_second_process_keeps_off_the_same_file() {
    let downloads = Downloads::new();
    fs::create_dir_all(downloads.path("")).unwrap();
    let part = fs::File::create(downloads.path("Gift_Cards.json.gz.part")).unwrap();
    part.lock().unwrap();
    let server = Server::start(|_, _| Reply::whole(&[], &content(1)));
    let (code, text) = downloads.fetch(&server, &[]);
    assert!(code == 1 && text.contains("another process is fetching this file"), "{text}");
    assert!(server.requests().is_empty());
}

#[test]
fn wrong_arguments_end_with_code_two_before_anything_is_asked() {
    let cases: [(&[&str], &str); 6] = [
        (&["amazon-2018", "--category", "gift_card"], "did you mean `Gift_Cards`?\ncategories: `AMAZON_FASHION`"),
        (&["amazon-2014", "--category", "Gift_Cards"], "there is no category `Gift_Cards` in amazon-2014"),
        (&["amazon-2023", "--category", "Software", "--five-core"], "leave out --five-core"),
        (&["amazon-2018", "--category", "Software", "--base-url", "dump.example"], "expected an address such as"),
        (&["amazon-2018", "--category", "Software", "--sha256", "Software.json.gz=abc"], "64 hexadecimal digits"),
        (&["amazon-2018", "--category", "Software", "--retry-pause=-1"], "expected a number of seconds"),
    ];
    for (arguments, part) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_orchestrator")).arg("fetch").args(arguments).output().unwrap();
        let text = errors(&output);
        assert!(output.status.code() == Some(2) && text.contains(part), "{arguments:?}: {text}");
    }
    let unknown = format!("gift.gz={}", "0".repeat(64));
    let arguments = ["fetch", "amazon-2018", "--category", "Gift_Cards", "--sha256", &unknown];
    let output = Command::new(env!("CARGO_BIN_EXE_orchestrator")).args(arguments).output().unwrap();
    assert!(errors(&output).contains("but `Gift_Cards.json.gz`, `meta_Gift_Cards.json.gz`"), "{}", errors(&output));
    assert!(!Path::new("data").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever breaks and however the server answers, the file that gets the name is one version.
    #[test]
    fn any_mixture_of_faults_ends_with_a_whole_file(
        faults in prop::collection::vec((0_usize..5, 0_usize..20_000), 0..8),
        splits in prop::collection::vec(any::<bool>(), 8),
    ) {
        let versions = [content(1), content(2)];
        let sent = versions.clone();
        let last = faults.len();
        let server = Server::start(move |number, request| {
            let version = usize::from(splits[number.min(7)]);
            let (tag, body) = ([("ETag", "\"one\""), ("ETag", "\"two\"")][version], &sent[version]);
            let Some((fault, missing)) = faults.get(number).copied() else {
                return good(request, &[("ETag", "\"one\"")], &sent[0]);
            };
            match fault {
                0 => good(request, &[tag], body).cut(missing.min(body.len() - request.start().unwrap_or_default().min(body.len() - 1))),
                1 => Reply::whole(&[tag], body).cut(missing.min(body.len())),
                2 => Reply::rest(&[tag], body, request.start().unwrap_or_default().min(body.len() - 1)),
                3 => Reply::new("502 Bad Gateway", &[], b""),
                _ => Reply { bytes: Vec::new(), hold: false },
            }
        });
        let downloads = Downloads::new();
        // A part where the whole was asked for ends a call; what came before it stays for the next one.
        let mut calls = 0;
        while downloads.fetch(&server, &["--retries", "9"]).0 != 0 {
            calls += 1;
            prop_assert!(calls <= last, "no more calls fail than there are faults");
        }
        prop_assert!(versions.contains(&downloads.read(NAME)));
    }
}
