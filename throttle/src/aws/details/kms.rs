//! KMS: the class of the key, each of which has a limit that its operations share.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>

use super::{CallHint, MOST, resource};
use crate::aws::document::{head, member};

/// `symmetric`, `rsa`, `ecc`, `sm2` or `ml-dsa`; for a pair of data keys, its spec.
pub(super) fn read(operation: &str, body: &[u8]) -> CallHint {
    let of = |name| member(head(body, MOST), name);
    let class = match operation {
        "GenerateDataKey"
        | "GenerateDataKeyWithoutPlaintext"
        | "GenerateMac"
        | "VerifyMac"
        | "GenerateRandom" => Some("symmetric"),
        "Encrypt" | "Decrypt" => Some(encryption(of("EncryptionAlgorithm"))),
        "ReEncrypt" => Some(encryption(of("SourceEncryptionAlgorithm"))),
        "Sign" | "Verify" => of("SigningAlgorithm").and_then(signing),
        "DeriveSharedSecret" => Some("ecc"),
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => of("KeyPairSpec"),
        // Each of the others has a limit of its own.
        _ => None,
    };
    resource(class.map(str::to_owned))
}

fn encryption(algorithm: Option<&str>) -> &'static str {
    match algorithm {
        Some(algorithm) if algorithm.starts_with("RSA") => "rsa",
        Some(algorithm) if algorithm.starts_with("SM2") => "sm2",
        _ => "symmetric",
    }
}

fn signing(algorithm: &str) -> Option<&'static str> {
    let classes =
        [("RSA", "rsa"), ("ECDSA", "ecc"), ("ED25519", "ecc"), ("SM2", "sm2"), ("ML_DSA", "ml-dsa")];
    classes.iter().find(|(start, _)| algorithm.starts_with(start)).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_the_key_is_read() {
        // The longest ciphertext, 6 KiB in base 64.
        let decrypt = format!(
            r#"{{"CiphertextBlob":"{}","EncryptionAlgorithm":"RSAES_OAEP_SHA_256"}}"#,
            "A".repeat(8192)
        );
        for (operation, body, expected) in [
            ("Decrypt", decrypt.as_str(), "rsa"),
            ("Decrypt", r#"{"CiphertextBlob":"AAAA"}"#, "symmetric"),
            ("Encrypt", r#"{"EncryptionContext":{"EncryptionAlgorithm":"RSAES"}}"#, "symmetric"),
            ("Encrypt", r#"{"EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#, "symmetric"),
            ("Encrypt", r#"{"EncryptionAlgorithm":"SM2PKE"}"#, "sm2"),
            ("ReEncrypt", r#"{"SourceEncryptionAlgorithm":"RSAES_OAEP_SHA_1"}"#, "rsa"),
            ("Sign", r#"{"Message":"AAAA","SigningAlgorithm":"ECDSA_SHA_256"}"#, "ecc"),
            ("Verify", r#"{"SigningAlgorithm":"RSASSA_PSS_SHA_512"}"#, "rsa"),
            ("Sign", r#"{"SigningAlgorithm":"ML_DSA_SHAKE_256"}"#, "ml-dsa"),
            ("Sign", r#"{"SigningAlgorithm":"NEW"}"#, ""),
            ("GenerateDataKey", "", "symmetric"),
            ("GenerateDataKeyPair", r#"{"KeyPairSpec":"RSA_4096"}"#, "RSA_4096"),
            ("DescribeKey", r#"{"KeyId":"a"}"#, ""),
        ] {
            assert_eq!(read(operation, body.as_bytes()).resource_name(), expected, "{operation}");
        }
    }
}
