//! Certificates for tests, made by the openssl program: good ones, and one of each kind that must be refused.

use std::path::Path;
use std::process::Command;

use super::Folder;

pub struct Certificates {
    pub folder: Folder,
}

/// Name, days valid, subject alternative names ("" for none), signed by our CA or by itself.
const KINDS: [(&str, &str, &str, bool); 5] = [
    ("good", "30", "DNS:localhost,IP:127.0.0.1", true),
    ("other-host", "30", "DNS:elsewhere.example", true),
    ("self-signed", "30", "DNS:localhost,IP:127.0.0.1", false),
    ("no-san", "30", "", true),
    ("expired", "-1", "DNS:localhost,IP:127.0.0.1", true),
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
        for (name, days, names, is_signed) in KINDS {
            let (key, request, certificate) =
                (at(&format!("{name}.key")), at(&format!("{name}.csr")), at(&format!("{name}.pem")));
            let extensions = at(&format!("{name}.ext"));
            let text = match names {
                "" => "basicConstraints=critical,CA:FALSE\n".to_owned(),
                names => format!("basicConstraints=critical,CA:FALSE\nsubjectAltName={names}\n"),
            };
            std::fs::write(&extensions, text).expect("a file");
            openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key]);
            openssl(&["req", "-new", "-key", &key, "-subj", "/CN=localhost", "-out", &request]);
            let (ca, ca_key) = (at("ca.pem"), at("ca.key"));
            let mut sign = vec!["x509", "-req", "-in", &request, "-days", days, "-extfile", &extensions];
            if is_signed {
                sign.extend(["-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"]);
            } else {
                sign.extend(["-signkey", &key]);
            }
            sign.extend(["-out", &certificate]);
            openssl(&sign);
        }
        Certificates { folder }
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
