//! A server that speaks just enough of MongoDB's wire protocol to record commands and answer them
//! from a script: for what no server at hand can do, such as sharding.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use mongodb::bson::{Bson, Document, doc};

/// The numbers of the messages that are understood.
const OP_REPLY: i32 = 1;
const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;

/// What the server does with a command.
pub enum Answer {
    /// It answers, `ok: 1` added.
    Reply(Document),
    /// It closes the connection.
    HangUp,
}

type Script = Arc<dyn Fn(&Document) -> Answer + Send + Sync>;

/// A running server.
pub struct Server {
    /// `host:port`.
    pub address: String,
    commands: Arc<Mutex<Vec<Document>>>,
}

impl Server {
    /// Starts one that says hello with `hello` added, and answers all else by `script`.
    pub fn start(hello: Document, script: impl Fn(&Document) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let (kept, script) = (Arc::clone(&commands), Arc::new(script) as Script);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, script, hello) = (Arc::clone(&kept), Arc::clone(&script), hello.clone());
                // A broken connection ends its thread, as it would a server's.
                thread::spawn(move || serve(stream, &hello, &kept, &script));
            }
        });
        Self { address, commands }
    }

    /// The commands so far, but for hellos and pings.
    pub fn commands(&self) -> Vec<Document> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The name of a command.
pub fn name(command: &Document) -> &str {
    command.keys().next().map_or("", String::as_str)
}

fn serve(mut stream: TcpStream, extra: &Document, kept: &Mutex<Vec<Document>>, script: &Script) -> io::Result<()> {
    loop {
        let (request, operation, body) = read(&mut stream)?;
        let command = if operation == OP_QUERY { query(&body)? } else { message(&body)? };
        let mut reply = match name(&command) {
            "hello" | "isMaster" | "ismaster" => hello(extra),
            "ping" | "endSessions" => Document::new(),
            _ => {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(command.clone());
                match script(&command) {
                    Answer::Reply(reply) => reply,
                    Answer::HangUp => return Ok(()),
                }
            }
        };
        if !reply.contains_key("ok") {
            reply.insert("ok", 1.0);
        }
        write(&mut stream, request, operation, &reply)?;
    }
}

fn hello(extra: &Document) -> Document {
    let mut reply = doc! {
        "ismaster": true, "isWritablePrimary": true, "helloOk": true, "maxBsonObjectSize": 16 << 20,
        "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "minWireVersion": 0, "maxWireVersion": 17,
        "logicalSessionTimeoutMinutes": 30,
    };
    reply.extend(extra.clone());
    reply
}

fn integer(bytes: &[u8], place: usize) -> i32 {
    i32::from_le_bytes(bytes[place..place + 4].try_into().unwrap())
}

/// The request's number, what it is, and its body.
fn read(stream: &mut TcpStream) -> io::Result<(i32, i32, Vec<u8>)> {
    let mut header = [0; 16];
    stream.read_exact(&mut header)?;
    let mut body = vec![0; integer(&header, 0) as usize - header.len()];
    stream.read_exact(&mut body)?;
    Ok((integer(&header, 4), integer(&header, 12), body))
}

/// The command of an old-style query: flags, name of a collection, two numbers, document.
fn query(body: &[u8]) -> io::Result<Document> {
    let end = 4 + body[4..].iter().position(|byte| *byte == 0).unwrap();
    Document::from_reader(&body[end + 9..]).map_err(io::Error::other)
}

/// The command of a message: flags, then sections, of which some are lists beside the document.
fn message(body: &[u8]) -> io::Result<Document> {
    let mut command = Document::new();
    let mut lists = Document::new();
    let mut place = 4;
    while place < body.len() {
        let kind = body[place];
        place += 1;
        let size = integer(body, place) as usize;
        let section = &body[place..place + size];
        place += size;
        if kind == 0 {
            command = Document::from_reader(section).map_err(io::Error::other)?;
            continue;
        }
        let end = 4 + section[4..].iter().position(|byte| *byte == 0).unwrap();
        let mut rest = &section[end + 1..];
        let mut list = Vec::new();
        while !rest.is_empty() {
            list.push(Bson::from(Document::from_reader(&mut rest).map_err(io::Error::other)?));
        }
        lists.insert(String::from_utf8_lossy(&section[4..end]), list);
    }
    command.extend(lists);
    Ok(command)
}

fn write(stream: &mut TcpStream, request: i32, operation: i32, reply: &Document) -> io::Result<()> {
    let mut body = Vec::new();
    if operation == OP_QUERY {
        // Flags, cursor, first document, number of documents.
        body.extend([0_u8; 16]);
        body.extend(1_i32.to_le_bytes());
    } else {
        // Flags, then a section that is a document.
        body.extend([0_u8; 5]);
    }
    reply.to_writer(&mut body).map_err(io::Error::other)?;
    let operation = if operation == OP_QUERY { OP_REPLY } else { OP_MSG };
    let header = [i32::try_from(body.len()).unwrap() + 16, 1, request, operation].map(i32::to_le_bytes);
    // In one piece: the client's system would wait 40 ms before it acknowledged the first of several.
    stream.write_all(&[header.as_flattened(), &body].concat())
}
