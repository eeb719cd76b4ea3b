//! Starting the server.

use std::error::Error as _;
use std::net::TcpListener;

use webapp::{Error, Node, Settings, serve};

fn settings(folder: &tempfile::TempDir) -> Settings {
    Settings { store: format!("sqlite://{}", folder.path().join("store.db").display()), ..Settings::default() }
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let node = Node { port: address.port(), ..Node::default() };
    let error = serve(Settings { node, ..settings(&folder) }).unwrap_err();
    let expected =
        format!("listen on {address}: is the port in use by another program? choose another port or address");
    assert_eq!(error.to_string(), expected);
    assert!(error.source().is_some());
}

#[test]
fn a_store_that_cannot_be_opened_is_named_without_its_password() {
    let store = "mongo://me:secret@host/shop".to_owned();
    let settings = Settings { store, ..Settings::default() };
    assert!(!format!("{settings:?}").contains("secret"));
    let error = serve(settings).unwrap_err();
    assert!(matches!(error, Error::Store(_)));
    assert!(error.to_string().contains("expected sqlite://") && !error.to_string().contains("secret"), "{error}");
}
