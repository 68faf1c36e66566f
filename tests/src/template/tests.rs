use super::*;

const TEMPLATE: &str = r"
Parameters:
  Regions: {Type: String, Default: ''}
  Names: {Type: CommaDelimitedList, Default: 'a,b'}
  Account: {Type: String}
  Lake: {Type: String, Default: ''}
  Folder: {Type: String, Default: ''}
Conditions:
  Has: !Not [!Equals [!Ref Regions, '']]
  All: !And [!Condition Has, !Equals [!Ref Regions, all]]
  None: !Or [!Equals [!Ref Regions, ''], !Equals [!Ref Regions, none]]
Resources:
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub '${AWS::StackName}-slices'}}
  Bucket: {Type: 'AWS::S3::Bucket', Condition: Has}
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:
          - !If [Has, {Effect: Allow, Action: 's3:GetObject', Resource: !Sub '${Bucket.Arn}/*'}, !Ref 'AWS::NoValue']
          - {Effect: Allow, Action: 'sqs:SendMessage', Resource: !GetAtt Queue.Arn}
  Role:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [!Ref Policy]
      Policies:
        - !If
          - All
          - PolicyName: own
            PolicyDocument: {Statement: [{Effect: Allow, Action: 'eks:ListClusters', Resource: '*'}]}
          - !Ref AWS::NoValue
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/sweep
      Role: !GetAtt Role.Arn
      Environment:
        Variables:
          REGIONS: !Ref Regions
          QUEUE: !Ref Queue
          BUCKET: !If [Has, !Ref Bucket, !Ref AWS::NoValue]
          LAKE: !If [Has, !Sub 's3://${Lake}/${Folder}', '']
          FIXED: always
";

fn stack() -> Stack {
    let body = long_form(serde_yaml_ng::from_str(TEMPLATE).unwrap()).unwrap();
    Stack::new(Arc::new(Template { body }), "111122223333", "eu-central-1")
}

fn value(text: &str) -> Value {
    long_form(serde_yaml_ng::from_str(text).unwrap()).unwrap()
}

#[test]
fn intrinsic_functions_are_evaluated() {
    let stack = stack().with("Regions", "eu-west-1,us-east-1").unwrap();
    for (text, outcome) in [
        ("!Ref AWS::Region", json!("eu-central-1")),
        ("!Ref Names", json!(["a", "b"])),
        (
            "!Ref Queue",
            json!("https://sqs.eu-central-1.amazonaws.com/111122223333/eksentry-slices"),
        ),
        (
            "!GetAtt Queue.Arn",
            json!("arn:aws:sqs:eu-central-1:111122223333:eksentry-slices"),
        ),
        (
            "!GetAtt [Queue, Arn]",
            json!("arn:aws:sqs:eu-central-1:111122223333:eksentry-slices"),
        ),
        (
            "!Sub '${Bucket.Arn}/${!x}/${AWS::Partition}'",
            json!("arn:aws:s3:::eksentry-bucket-1a2b3c4d5e6f/${x}/aws"),
        ),
        (
            "!Split [',', !If [All, '*', !Ref Regions]]",
            json!(["eu-west-1", "us-east-1"]),
        ),
        (
            "!Sub ['${x}-${AWS::Region}', {x: !Ref Lake}]",
            json!("-eu-central-1"),
        ),
        ("!Select [1, !Split [':', 'a:b']]", json!("b")),
        (
            "!Join ['+', [a, !Ref AWS::NoValue, !Ref AWS::AccountId]]",
            json!("a+111122223333"),
        ),
        (
            "{a: !Ref AWS::NoValue, b: [!If [None, 1, 2]]}",
            json!({"b": [2]}),
        ),
    ] {
        assert_eq!(
            stack.resolve(&value(text)).unwrap(),
            Some(outcome),
            "{text}"
        );
    }
}

#[test]
fn conditions_depend_on_the_parameters() {
    for (regions, expected) in [
        ("", [false, false, true]),
        ("all", [true, true, false]),
        ("x", [true, false, false]),
    ] {
        let stack = stack().with("Regions", regions).unwrap();
        let holds = ["Has", "All", "None"].map(|condition| stack.holds(condition).unwrap());
        assert_eq!(holds, expected, "{regions}");
    }
}

#[test]
fn a_stack_is_derived_from_the_environment() {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let environment = [
        set("REGIONS", "all"),
        set(
            "QUEUE",
            "https://sqs.eu-central-1.amazonaws.com/111122223333/other",
        ),
        set("BUCKET", "ledgers"),
    ];
    let role = stack()
        .with_environment(&environment)
        .unwrap()
        .role_of_function("sweep")
        .unwrap();
    assert_eq!(
        (role.name.as_str(), role.iam_name()),
        ("Role", "eksentry-Role-1A2B3C4D5E6F")
    );
    let statements: Vec<_> = role
        .statements
        .iter()
        .map(|one| (one.source.as_str(), one.resources().collect::<String>()))
        .collect();
    assert_eq!(
        statements,
        [
            ("Policy, statement 1", "arn:aws:s3:::ledgers/*".to_owned()),
            (
                "Policy, statement 2",
                "arn:aws:sqs:eu-central-1:111122223333:other".to_owned()
            ),
            ("Role's own, statement 1", "*".to_owned()),
        ]
    );
    let unset = stack().with_environment(&[set("REGIONS", "")]).unwrap();
    let sources: Vec<_> = unset
        .role("Role")
        .unwrap()
        .statements
        .into_iter()
        .map(|one| one.source)
        .collect();
    assert_eq!(sources, ["Policy, statement 2"]);

    for (value, lake, folder) in [
        ("s3://lake/a/b", "lake", "a/b"),
        ("/mnt/lake", "", ""),
        ("s3://lake", "", ""),
    ] {
        let stack = stack().with_environment(&[set("LAKE", value)]).unwrap();
        let parameters = ["Lake", "Folder"].map(|name| stack.parameter_value(name).unwrap());
        assert_eq!(parameters, [lake, folder], "{value}");
    }
    for (name, value) in [("OTHER", "x"), ("FIXED", "never")] {
        assert!(
            stack().with_environment(&[set(name, value)]).is_err(),
            "{name}"
        );
    }
}

#[test]
fn invalid_values_are_errors() {
    for (text, named) in [
        ("!Ref Nothing", "Nothing"),
        ("!Ref Bucket", "Bucket"),
        ("!Ref Account", "Account"),
        ("!Ref Function", ""),
        ("!GetAtt Queue.Colour", "Queue.Colour"),
        ("!Select [2, [a, b]]", "not in the list"),
        ("!Base64 a", "Fn::Base64"),
        ("!If [Unknown, a, b]", "Unknown"),
        ("!Sub '${Queue'", "${Queue"),
    ] {
        match stack().resolve(&value(text)) {
            Ok(outcome) => assert_eq!((named, outcome.is_some()), ("", true), "{text}"),
            Err(error) => assert!(!named.is_empty() && error.0.contains(named), "{error}"),
        }
    }
    assert!(stack().with("Nothing", "x").is_err());
    assert!(stack().role_of_function("other").is_err());
}
