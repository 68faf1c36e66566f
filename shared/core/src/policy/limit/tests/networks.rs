//! The keys of networks: their ids, their owners and CIDR blocks.

use super::*;

#[test]
fn networks_are_named_by_ids_owners_or_cidr_blocks() {
    assert_allowed(&[
        (
            r#""StringEquals": {"aws:SourceVpc": "vpc-0a"}"#,
            "named networks",
        ),
        (r#""StringLike": {"aws:SourceVpc": "vpc-*"}"#, "everyone"),
        (r#""StringEquals": {"aws:SourceVpc": "vpc-*"}"#, "nobody"),
        (
            r#""StringEquals": {"aws:SourceVpce": ["vpce-0a", "vpce-0b"]}"#,
            "named networks",
        ),
        (
            r#""StringEquals": {"aws:VpceAccount": "444455556666"}"#,
            "named networks",
        ),
        (r#""StringLike": {"aws:VpceAccount": "*"}"#, "everyone"),
        (
            r#""StringEquals": {"aws:VpceOrgID": "o-abc"}"#,
            "named networks",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:VpceOrgPaths": "o-abc/*"}"#,
            "named networks",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:VpceOrgPaths": "o-*"}"#,
            "everyone",
        ),
    ]);
}

#[test]
fn a_cidr_block_is_a_network_up_to_a_size() {
    for (blocks, audience) in [
        (r#""203.0.113.5""#, "named networks"),
        (r#""203.0.113.0/24""#, "named networks"),
        (r#""203.0.113.77/8""#, "named networks"),
        (r#""17.0.0.0/8""#, "named networks"),
        (r#""16.0.0.0/7""#, "everyone"),
        (r#""0.0.0.0/0""#, "everyone"),
        (r#"["0.0.0.0/1", "128.0.0.0/1"]"#, "everyone"),
        (r#"["16.0.0.0/8", "17.0.0.0/8"]"#, "everyone"),
        (r#"["17.0.0.0/8", "18.0.0.0/8"]"#, "named networks"),
        (r#"["10.0.0.0/8", "11.0.0.0/8"]"#, "named networks"),
        (r#"["203.0.113.0/24", "0.0.0.0/0"]"#, "everyone"),
        (
            r#"["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]"#,
            "named networks",
        ),
        (r#""2001:db8::/32""#, "named networks"),
        (r#""2001:db8::1""#, "named networks"),
        (r#""2001:db8::/31""#, "everyone"),
        (r#"["2001:db8::/32", "2001:db9::/32"]"#, "everyone"),
        (r#""::/0""#, "everyone"),
        (r#""fd00::/8""#, "named networks"),
        (r#""fc00::/7""#, "named networks"),
        (r#""fc00::/6""#, "everyone"),
        (r#""::ffff:0:0/96""#, "everyone"),
        (r#""::ffff:203.0.113.0/120""#, "named networks"),
        (r#""10.0.0.0/33""#, "everyone"),
        (r#""10.*""#, "everyone"),
        (r#""vpc-0a""#, "everyone"),
        (r#"["203.0.113.0/24", 7]"#, "everyone"),
        ("[]", "nobody"),
    ] {
        let block = format!(r#""IpAddress": {{"aws:SourceIp": {blocks}}}"#);
        assert_allowed(&[(&block, audience)]);
    }
    let all: Vec<String> = (0..=255)
        .map(|first| format!(r#""{first}.0.0.0/8""#))
        .collect();
    let block = format!(r#""IpAddress": {{"aws:SourceIp": [{}]}}"#, all.join(","));
    assert_allowed(&[(&block, "everyone")]);
}
