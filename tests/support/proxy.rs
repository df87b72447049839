//! A proxy on loopback that serves one client, and connects it to a port here, whatever name it was given.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Socks4,
    Socks5,
    Http,
}

pub struct Proxy {
    pub port: u16,
    thread: JoinHandle<io::Result<Vec<u8>>>,
}

impl Proxy {
    pub fn new(kind: Kind, server: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let thread = std::thread::spawn(move || serve(kind, &listener, server));
        Proxy { port, thread }
    }

    /// What it was asked for.
    pub fn join(self) -> String {
        let asked = self.thread.join().expect("the proxy's thread").expect("a client that speaks to it");
        String::from_utf8_lossy(&asked).into_owned()
    }
}

fn serve(kind: Kind, listener: &TcpListener, server: u16) -> io::Result<Vec<u8>> {
    let (mut client, _) = listener.accept()?;
    let (asked, answer): (Vec<u8>, &[u8]) = match kind {
        Kind::Socks4 => (socks4(&mut client)?, b"\x00\x5a\0\0\0\0\0\0"),
        Kind::Socks5 => {
            let mut head = [0; 2];
            client.read_exact(&mut head)?;
            client.read_exact(&mut vec![0; usize::from(head[1])])?;
            client.write_all(b"\x05\x00")?;
            let mut request = vec![0; 5];
            client.read_exact(&mut request)?;
            let mut rest = vec![0; usize::from(request[4]) + 2];
            client.read_exact(&mut rest)?;
            (rest, b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01")
        }
        Kind::Http => (until(&mut client, 0, b"\r\n\r\n")?, b"HTTP/1.1 200 go on\r\nVia: test\r\n\r\n"),
    };
    let mut server = TcpStream::connect(("127.0.0.1", server))?;
    client.write_all(answer)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    let up = std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
    up.join().expect("the other direction");
    Ok(asked)
}

/// A request, with the name behind it that SOCKS4a has.
fn socks4(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut asked = until(client, 9, b"\0")?;
    if asked[4..7] == [0; 3] {
        asked.extend(until(client, 1, b"\0")?);
    }
    Ok(asked)
}

/// Reads to an end that stands behind at least so many bytes.
fn until(client: &mut TcpStream, least: usize, end: &[u8]) -> io::Result<Vec<u8>> {
    let (mut all, mut byte) = (Vec::new(), [0]);
    while all.len() < least || !all.ends_with(end) {
        client.read_exact(&mut byte)?;
        all.push(byte[0]);
    }
    Ok(all)
}
