//! An HTTP server that does as it is told, one connection after the other.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// What a request says: the path, and the headers in small letters.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// Where the part that is asked for begins.
    pub fn start(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// Bytes to answer with, and whether the connection is then held open until the client closes it.
pub struct Reply {
    pub bytes: Vec<u8>,
    pub hold: bool,
}

impl Reply {
    /// Status and headers, the length not included, then a body.
    pub fn new(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().fold(String::new(), |text, (name, value)| text + &format!("{name}: {value}\r\n"));
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
        Self { bytes: [head.as_bytes(), body].concat(), hold: false }
    }

    /// The whole of a file.
    pub fn whole(headers: &[(&str, &str)], body: &[u8]) -> Self {
        Self::new("200 OK", &[headers, &[("Content-Length", &body.len().to_string())]].concat(), body)
    }

    /// A file from `start` on.
    pub fn rest(headers: &[(&str, &str)], body: &[u8], start: usize) -> Self {
        let (length, total) = ((body.len() - start).to_string(), body.len());
        let range = format!("bytes {start}-{}/{total}", total - 1);
        let more = [("Content-Length", length.as_str()), ("Content-Range", range.as_str())];
        Self::new("206 Partial Content", &[headers, &more].concat(), &body[start..])
    }

    /// The same, but the connection breaks so many bytes before the end.
    pub fn cut(mut self, missing: usize) -> Self {
        self.bytes.truncate(self.bytes.len() - missing);
        self
    }

    /// The same, and then silence.
    pub fn hold(mut self) -> Self {
        self.hold = true;
        self
    }
}

/// A server on a port of its own.
pub struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers the request with number n (from 0) as `reply` says.
    pub fn start(mut reply: impl FnMut(usize, &Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        // Ends with the test's process.
        thread::spawn(move || {
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                serve(stream, &seen, |request| reply(number, request));
            }
        });
        Self { address, requests }
    }

    /// The same over TLS, with the certificate of the fixtures.
    pub fn start_tls(reply: impl Fn(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("https://{}", listener.local_addr().expect("it is bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let certificate =
            CertificateDer::from_pem_file(fixture("server-certificate.pem")).expect("it is a certificate");
        let key = PrivateKeyDer::from_pem_file(fixture("server-key.pem")).expect("it is a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key));
        let config = Arc::new(config.expect("certificate and key fit"));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("the configuration is sound");
                serve(StreamOwned::new(connection, stream), &seen, &reply);
            }
        });
        Self { address, requests }
    }

    /// Its address, for `--base-url`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no holder panics").clone()
    }
}

/// The path of a file of the fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn serve(mut stream: impl Read + Write, seen: &Mutex<Vec<Request>>, reply: impl FnOnce(&Request) -> Reply) {
    let Some(request) = read(&mut stream) else { return };
    let answer = reply(&request);
    seen.lock().expect("no holder panics").push(request);
    write(stream, &answer);
}

fn read(stream: impl Read) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let header = |line: String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    Some(Request { path, headers: lines.take_while(|line| !line.is_empty()).filter_map(header).collect() })
}

fn write(mut stream: impl Read + Write, answer: &Reply) {
    // A client that has gone is no concern of the server.
    let _ = stream.write_all(&answer.bytes).and_then(|()| stream.flush());
    if answer.hold {
        let _ = stream.read(&mut [0]);
    }
}
