/** The only parts of paths that are logged: the rest may be a capability, and an unknown path may hold anything. */
const AREAS = [
  "/webhook/github",
  "/webhook/status",
  "/webhook/projects",
  "/callbacks",
  "/runs",
  "/api",
  "/dashboard",
  "/health",
] as const;

/** Which part of the surface a request is for. */
export function areaOf(url: string): string {
  const { pathname } = new URL(url);
  const area = AREAS.find((known) => pathname === known || pathname.startsWith(`${known}/`));
  return area ?? (pathname === "/" ? "/" : "other");
}
