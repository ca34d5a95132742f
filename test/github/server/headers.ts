/** GitHub's requirements for the headers of a request. */
import type { IncomingHttpHeaders } from "node:http";

/** The versions of GitHub's API. */
const API_VERSIONS = ["2022-11-28", "2026-03-10"];

/** JSON, by its own media type or one of GitHub's. */
const ACCEPTED = /application\/(?:json|vnd\.github(?:\.v3)?(?:\.[\w-]+)?\+json)/;

/** Lists what is wrong with the headers of a request. */
export function headerViolations(headers: IncomingHttpHeaders, hasBody: boolean): string[] {
  const { accept, "user-agent": agent, "content-type": type } = headers;
  return [
    ...(agent ? [] : ["no User-Agent"]),
    ...(ACCEPTED.test(accept ?? "") ? [] : [`Accept is ${accept ?? "missing"}`]),
    ...(hasUnknownVersion(headers) ? [`X-GitHub-Api-Version is ${versionOf(headers)}`] : []),
    ...(hasBody && !/^application\/json\b/.test(type ?? "") ? [`Content-Type is ${type}`] : []),
  ];
}

export function hasUnknownVersion(headers: IncomingHttpHeaders): boolean {
  const version = versionOf(headers);
  return version !== undefined && !API_VERSIONS.includes(version);
}

const versionOf = (headers: IncomingHttpHeaders): string | undefined => {
  const version = headers["x-github-api-version"];
  return version === undefined ? undefined : String(version);
};
