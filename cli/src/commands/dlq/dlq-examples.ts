export const EXAMPLES = `
Examples:
  gateway dlq list
  gateway dlq replay --kind dispatch --since 6h --dry-run`;

export const LIST_EXAMPLES = `
Examples:
  gateway dlq list
  gateway dlq list --kind dispatch --since 6h
  gateway dlq list --state any --repo acme/widgets --output json`;

export const SHOW_EXAMPLES = `
Examples:
  gateway dlq show <id>
  gateway dlq show <id> --raw | jq .

Only dead letters of the kind "fact" hold one: a message from GitHub or
Grainchain that could not be recorded.`;

export const REPLAY_EXAMPLES = `
Examples:
  gateway dlq replay --all --dry-run
  gateway dlq replay <id> <id>
  gateway dlq replay --kind dispatch --class permanent --since 6h --reason "Grainchain is fixed"
  gateway dlq replay --all --rate 600 --yes

The command first shows the dead letters it would replay. Type "replay" to
confirm, or pass --yes; a single id needs neither.
Ctrl-C stops waiting, not the replay:
  gateway replays show <replay id> --follow   keeps waiting
  gateway replays cancel <replay id>          cancels it
Exit codes: 0 all were replayed, 1 some failed, 2 no scope, 3 nothing matched.`;

export const DISCARD_EXAMPLES = `
Examples:
  gateway dlq discard --repo acme/gone --dry-run
  gateway dlq discard <id> --reason "the repository is gone"
  gateway dlq discard --kind report --until 2d --yes

The command first shows the dead letters it would discard. Type "discard" to
confirm, or pass --yes; a single id needs neither.`;
