/** The documented statuses of every route. They are repeated here, so that they do not depend on the code. */
import { MARKER } from "./attack.ts";

interface Route {
  readonly path: RegExp;
  /** Only this spelling of the path is served. */
  readonly exact?: true;
  readonly methods: Readonly<Record<string, readonly number[]>>;
}

const CALLBACK = [400, 401, 413, 429];
const READ = [200, 400, 401, 404, 429];
const COMMAND = [200, 202, 400, 401, 403, 404, 409, 413, 429];
const PAGE = [200, 302, 303, 400, 401, 403, 404, 409, 413, 429];

const ROUTES: readonly Route[] = [
  { path: /^\/$/, methods: { GET: [200, 302] } },
  { path: /^\/health$/, methods: { GET: [200] } },
  { path: /^\/webhook\/github$/, exact: true, methods: { POST: [200, 202, 400, 401, 413, 415, 429] } },
  { path: /^\/webhook\/status$/, methods: { POST: [202, ...CALLBACK] } },
  { path: /^\/callbacks\/[^/]+\/[^/]+(?:\/webhook\/status)?$/, methods: { POST: [200, ...CALLBACK] } },
  { path: /^\/webhook\/projects\/[^/]+(?:\/[^/]+)?\/status$/, methods: { GET: [200, 304, 400] } },
  { path: /^\/api\/(?:openapi\.json|status|metrics|trace)$/, methods: { GET: READ } },
  { path: /^\/api\/(?:deliveries|validations|dead-letters|actions|flakes)$/, methods: { GET: READ } },
  {
    path: /^\/api\/(?:dead-letters\/discard|validations\/(?:rerun|cancel))$/,
    methods: { GET: READ, POST: COMMAND },
  },
  { path: /^\/api\/pauses\/resume$/, methods: { POST: COMMAND } },
  { path: /^\/api\/(?:validations|dead-letters|replays|reconciles|audits)\/[^/]+$/, methods: { GET: READ } },
  { path: /^\/api\/validations\/[^/]+\/(?:cancel|rerun|approve)$/, methods: { POST: COMMAND } },
  { path: /^\/api\/replays\/[^/]+\/cancel$/, methods: { POST: COMMAND } },
  { path: /^\/api\/(?:replays|reconciles|audits|pauses)$/, methods: { GET: READ, POST: COMMAND } },
];

const lines = (text: string): string[] => text.trim().split(/\s+/);

/** One path for every documented route. */
export const PATHS = lines(`
  / /health /webhook/github /webhook/status
  /callbacks/some-id/some-token /callbacks/some-id/some-token/webhook/status
  /runs/some-id/some-token
  /webhook/projects/acme/widgets/status /webhook/projects/acme%2Fwidgets/status
  /api/openapi.json /api/status /api/metrics /api/trace /api/trace?q=x
  /api/deliveries /api/validations /api/dead-letters /api/replays /api/reconciles /api/actions /api/audits /api/audits/x
  /api/flakes /api/pauses /api/pauses/resume /api/validations/rerun /api/validations/cancel
  /api/validations/x /api/dead-letters/x /api/replays/x /api/reconciles/x
  /api/dead-letters/discard /api/validations/x/cancel /api/validations/x/rerun /api/validations/x/approve
  /api/replays/x/cancel
  /dashboard /dashboard/validations /dashboard/dead-letters /dashboard/login /dashboard/logout /dashboard/pause
  /dashboard/repositories /dashboard/repositories/acme/widgets /dashboard/repositories/acme/widgets/resume`);

/** Misleading or unknown paths. */
export const STRANGE_PATHS = [
  ...lines(String.raw`
    /webhook /webhook/ /webhook/githubs /webhook/github/x /WEBHOOK/GITHUB //webhook/github /webhook//github
    /webhook/github/ /webhook/github// /webhook/%67ithub /%77ebhook/githu%62 /webhook/github/. /webhook%2fgithub /webhook%5cgithub /webhook\github /webhook/../health /../../health
    /..%2f..%2fetc%2fpasswd /%2e%2e/health /.env /.dev.vars /health/.. /health%00 /health%0d%0ax:y /%68ealth
    /%E0%A4%A /%ff%fe /% /%zz /callbacks /callbacks/x /callbacks//y /callbacks/x/ /callbacks/x/y/z
    /callbacks/%2e%2e/y /callbacks/%E0%A4%A/%ff /callbacks/a%2fb/c /callbacks/x/y/webhook/status/z
    /callbacks/%00/%00 /runs /runs/x /runs/x/y/z /runs/%E0%A4%A/%ff /runs/%00/%00 /runs/assets/x/app.js
    /webhook/projects /webhook/projects/a/b/c/status /webhook/projects/%2e%2e/%2e%2e/status
    /webhook/projects/a%2fb%2fc/status /webhook/projects/%E0%A4%A/x/status /webhook/projects/%20/status
    /webhook/projects/__proto__/constructor/status /api /api/ /api/x /api/../api/status /api//status
    /api/validations/%00 /api/__proto__ /dashboard/../api/status /dashboard/assets/../../x
    /dashboard/assets/x/app.js /dashboard/%ff /?a=b /health?a=%ff&a[]=1&__proto__[x]=1 /constructor /__proto__
    /favicon.ico /robots.txt /.git/config /wp-login.php /index.php?-s`),
  `/${MARKER}`,
  `/${"a/".repeat(5_000)}`,
  `/${"%41".repeat(3_000)}`,
  `/webhook/projects/${"a".repeat(300)}/b/status`,
];

/** Whether the answer is a page and not JSON. */
export const isPage = (path: string): boolean => /^\/(?:dashboard|runs)(?:\/|$)/.test(routed(path));

/** The statuses that a request may be answered with. */
export function documentedStatuses(method: string, path: string): readonly number[] {
  if (isPage(path)) return [...PAGE, 405];
  const plain = routed(path);
  const routes = ROUTES.filter((route) => route.path.test(route.exact ? pathOf(path) : plain));
  if (routes.length === 0) return [404];
  const asked = method === "HEAD" ? "GET" : method;
  const documented = routes.flatMap(({ methods }) => methods[asked] ?? []);
  return documented.length === 0 ? [405] : documented;
}

const pathOf = (path: string): string => new URL(`http://gateway${path}`).pathname;

/** The path after resolving dots and escapes, without a slash at the end. */
function routed(path: string): string {
  const plain = pathOf(path).replaceAll(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURI(escaped);
    } catch {
      return escaped;
    }
  });
  return plain.length > 1 ? plain.replace(/\/$/, "") : plain;
}
