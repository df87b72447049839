//! Real servers, each started by its script in a folder of its own, and stopped in the end.

use std::process::Command;
use std::time::Duration;

use super::program::finish;
use super::{Folder, project};

pub struct Server {
    pub name: &'static str,
    pub imap: String,
    pub imaps: String,
    folder: Folder,
}

impl Server {
    /// None if this release's packages do not have it, which is told.
    pub fn start(name: &'static str) -> Option<Server> {
        Server::start_with(name, &[])
    }

    pub fn start_with(name: &'static str, environment: &[(&str, &str)]) -> Option<Server> {
        let fetched = script("fetch", &[name], &[]);
        if fetched.code != Some(0) {
            assert!(!is_debian(), "{name} cannot be had\n{}{}", fetched.out, fetched.err);
            super::skip(&format!("{name}: not among this release's packages"));
            return None;
        }
        let folder = Folder::new();
        let place = folder.0.join("s").display().to_string();
        let started = script(name, &["start", &place], environment);
        assert_eq!(started.code, Some(0), "{name} did not start\n{}{}", started.out, started.err);
        let ports = std::fs::read_to_string(folder.0.join("s/ports")).expect("its ports");
        super::note_shown(&format!("server\t{name}"));
        let port =
            |key: &str| ports.lines().find_map(|line| line.strip_prefix(key)).expect("a port").to_owned();
        Some(Server { name, imap: port("imap="), imaps: port("imaps="), folder })
    }

    /// Puts the sample messages into alice's inbox.
    pub fn load_mail(&self) {
        let mut command = Command::new(project().join("tests/mail/load"));
        command.args([&self.imap, "alice", "secret-a"]);
        let loaded = finish(command, Duration::from_secs(60));
        assert_eq!(loaded.code, Some(0), "{}: {}{}", self.name, loaded.out, loaded.err);
    }

    pub fn ca(&self) -> String {
        self.tls("ca.pem")
    }

    pub fn tls(&self, file: &str) -> String {
        self.folder.0.join("s/tls").join(file).display().to_string()
    }

    pub fn url(&self) -> String {
        format!("imaps://alice@localhost:{}/", self.imaps)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let place = self.folder.0.join("s").display().to_string();
        script(self.name, &["stop", &place], &[]);
    }
}

fn script(file: &str, arguments: &[&str], environment: &[(&str, &str)]) -> super::program::Output {
    let mut command = Command::new(project().join("tests/servers").join(file));
    command.args(arguments).envs(environment.iter().copied());
    finish(command, Duration::from_secs(300))
}

fn is_debian() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}
