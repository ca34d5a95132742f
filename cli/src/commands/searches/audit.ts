/** `gateway audit`: holds the open pull requests on GitHub against what the gateway has recorded. */
import type { AuditFinding, AuditItem } from "@webhook-gateway/shared/api/audit.ts";
import { type Command, InvalidArgumentError } from "commander";
import { openSession } from "../../api/session.ts";
import { type Column, type Field, fieldLines, tableLines } from "../../output/table.ts";
import type { Screen } from "../../output/terminal.ts";
import { shortSha } from "../../view/validation.ts";
import { followSearch } from "./follow.ts";

const EXAMPLES = `
Examples:
  gateway audit --dry-run
  gateway audit
  gateway audit acme/widgets acme/gadgets

The gateway compares the open pull requests on GitHub with what it recorded.
Heads that it never saw are recorded and validated; pull requests that are
closed on GitHub are closed. Without names, the repositories of
AUDIT_REPOSITORIES are audited. The gateway also does this by itself every 15
minutes. With --dry-run nothing is recorded.`;

interface AuditOptions {
  readonly dryRun?: boolean;
}

export function addAudit(program: Command): void {
  program
    .command("audit")
    .description("compare open pull requests with what was recorded")
    .argument("[repository...]", "owner/repo (default: AUDIT_REPOSITORIES)", repositoryNames)
    .option("--dry-run", "only show what would be recorded or closed")
    .addHelpText("after", EXAMPLES)
    .action(async (repositories: readonly string[], { dryRun = false }: AuditOptions, command: Command) => {
      const session = await openSession(command);
      const named = repositories.length === 0 ? {} : { repositories: [...repositories] };
      const first = await session.api.startAudit({ dry_run: dryRun, ...named });
      await followSearch(session, first, {
        noun: "audit",
        load: session.api.audit,
        progress: {
          total: ({ audited }) => audited,
          value: ({ audited }) => audited,
          text: progressText,
        },
        lines: auditLines,
      });
    });
}

function repositoryNames(name: string, before: readonly string[] = []): readonly string[] {
  if (!/^[\w.-]+\/[\w.-]+$/.test(name)) throw new InvalidArgumentError("it must be owner/repo.");
  return [...before, name];
}

function progressText({ status, audited, missing, closed }: AuditItem): string {
  if (status === "waiting") return "waiting for the consumer to start";
  return `${audited} repositories, ${missing} missing, ${closed} closed`;
}

export function auditLines(item: AuditItem, screen: Screen): string[] {
  const { dry_run: isDry, found } = item;
  const fields: Field[] = [
    ["audit", item.id],
    ["status", isDry ? `${item.status}, dry run` : item.status],
    ["repositories", item.unchanged > 0 ? `${item.audited}, ${item.unchanged} unchanged` : item.audited],
    ["open", item.pulls],
    ["missing", item.missing],
    ["recorded", isDry ? null : item.recorded],
    [isDry ? "to close" : "closed", item.closed],
  ];
  const table = found.length === 0 ? [] : tableLines(found, COLUMNS, screen);
  return [...fieldLines(fields, screen), ...table.map((line) => `  ${line}`)];
}

const WHAT: Readonly<Record<AuditFinding["what"], string>> = {
  new: "head never seen",
  changed: "changed since",
  closed: "closed on GitHub",
};

const COLUMNS: Column<AuditFinding>[] = [
  { head: "REPOSITORY", cell: ({ repository }) => repository, rank: 2, min: 12 },
  { head: "PR", cell: ({ number }) => `#${number}`, rank: 1 },
  { head: "SHA", cell: ({ head_sha }) => shortSha(head_sha), rank: 3, min: 7 },
  { head: "FOUND", cell: ({ what }) => WHAT[what], rank: 4 },
];
