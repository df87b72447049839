//! Certificates for tests, made by the openssl program: good ones, and one of each kind that must be refused.

use std::path::Path;
use std::process::Command;

use super::Folder;

pub struct Certificates {
    pub folder: Folder,
}

const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

const HOST: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1";

/// Name, days valid, extensions, signed by our CA or by itself.
const KINDS: [(&str, &str, &str, bool); 5] = [
    ("good", "30", HOST, true),
    ("other-host", "30", "subjectAltName=DNS:elsewhere.example", true),
    ("self-signed", "30", HOST, false),
    ("no-san", "30", "", true),
    ("expired", "-1", HOST, true),
];

impl Certificates {
    pub fn new() -> Certificates {
        let folder = Folder::new();
        let at = |name: &str| folder.0.join(name).display().to_string();
        openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &at("ca.key")]);
        openssl(&[
            "req",
            "-x509",
            "-new",
            "-key",
            &at("ca.key"),
            "-days",
            "30",
            "-subj",
            "/CN=test CA",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-out",
            &at("ca.pem"),
        ]);
        let made = Certificates { folder };
        for (name, days, extensions, is_signed) in KINDS {
            made.make(name, days, EC, extensions, is_signed);
        }
        made
    }

    /// One more kind.
    pub fn add(&self, name: &str, extensions: &str) {
        self.make(name, "30", EC, extensions, true);
    }

    /// One more kind, signed by itself with a key that is made like this.
    pub fn add_of(&self, name: &str, key: &[&str], extensions: &str) {
        self.make(name, "30", key, extensions, false);
    }

    fn make(&self, name: &str, days: &str, how: &[&str], extensions: &str, is_signed: bool) {
        let at = |ending: &str| self.path(&format!("{name}.{ending}"));
        let (key, request, certificate, file) = (at("key"), at("csr"), at("pem"), at("ext"));
        std::fs::write(&file, format!("basicConstraints=critical,CA:FALSE\n{extensions}\n")).expect("a file");
        openssl(&[&["genpkey"], how, &["-out", &key]].concat());
        openssl(&["req", "-new", "-key", &key, "-subj", "/CN=localhost", "-out", &request]);
        let (ca, ca_key) = (self.path("ca.pem"), self.path("ca.key"));
        let mut sign = vec!["x509", "-req", "-in", &request, "-days", days, "-extfile", &file];
        if is_signed {
            sign.extend(["-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"]);
        } else {
            sign.extend(["-signkey", &key]);
        }
        sign.extend(["-out", &certificate]);
        openssl(&sign);
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.0.join(name).display().to_string()
    }

    /// What a server of tests shows.
    pub fn acceptor(&self, kind: &str) -> native_tls::TlsAcceptor {
        let read =
            |ending: &str| std::fs::read(self.path(&format!("{kind}.{ending}"))).expect("a certificate");
        let identity = native_tls::Identity::from_pkcs8(&read("pem"), &read("key")).expect("an identity");
        native_tls::TlsAcceptor::new(identity).expect("an acceptor")
    }
}

fn openssl(arguments: &[&str]) {
    let output =
        Command::new("openssl").args(arguments).current_dir(Path::new("/")).output().expect("openssl runs");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
