// What everybody on the walk does: reads the code in the mail, logs in, waits.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createFixMate, type FixMate, InMemory, type Schemas } from "../src/index.js";

export const BASE_URL = needed("FIXMATE_URL");
const MAIL = needed("FIXMATE_MAIL");
export const PASSWORD = "correct horse battery";
export const PLACE = { latitude: 42.36, longitude: -71.06 };
const PATIENCE_MS = 60_000;

export function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

export type Person = { api: FixMate; store: InMemory; email: string };
type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Return what was answered, or tell what was refused. */
export function ok<T>(answer: Answer<T>): T {
  if (answer.data === undefined) throw new Error(told(answer));
  return answer.data;
}

export function expect(answer: Answer<unknown>, status: number): void {
  if (answer.response.status !== status) throw new Error(`expected ${status}: ${told(answer)}`);
}

export function same(found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
}

function told({ response, error }: Answer<unknown>): string {
  return `${response.status} of ${response.url}: ${JSON.stringify(error)}`;
}

export async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const seen = await look();
    if (seen) return seen;
    await new Promise((done) => setTimeout(done, 150));
  }
  throw new Error("waited in vain");
}

async function codeFor(email: string): Promise<string> {
  return until(async () => {
    const names = (await readdir(MAIL).catch(() => [])).sort();
    const files = await Promise.all(names.map((name) => readFile(join(MAIL, name), "utf8")));
    const letters = files.flatMap((text) => text.split(/^-{79}$/m)).filter((text) => text.includes(`To: ${email}`));
    return letters.at(-1)?.match(/^(\d{6})$/m)?.[1];
  });
}

export async function logIn(email: string, password: string): Promise<Person> {
  const store = new InMemory();
  const api = createFixMate(BASE_URL, store);
  const tokens = ok(await api.POST("/api/v1/auth/login", { body: { email, password } }));
  store.write({ access: tokens.access_token, refresh: tokens.refresh_token });
  same(tokens.token_type, "bearer");
  return { api, store, email };
}

export async function register(role: Schemas["RegisterInputRequest"]["role"], name: string): Promise<Person> {
  const email = `${name.toLowerCase()}-${Date.now()}@example.com`;
  const api = createFixMate(BASE_URL);
  const body = { email, password: PASSWORD, role, first_name: name, last_name: "Hopper" };
  expect(await api.POST("/api/v1/auth/register", { body }), 202);
  const code = await codeFor(email);
  same(ok(await api.POST("/api/v1/auth/verify-otp", { body: { email, code } })).status, "ACTIVE");
  return logIn(email, PASSWORD);
}
