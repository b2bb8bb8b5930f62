import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Schemas = components["schemas"];
export type FixMate = Client<paths>;
export type Tokens = { access: string; refresh: string };

/** Where an app keeps its tokens: a key chain on a phone, a variable in a test. */
export interface TokenStore {
  read(): Tokens | null;
  write(tokens: Tokens | null): void;
}

export class InMemory implements TokenStore {
  private tokens: Tokens | null = null;
  read(): Tokens | null {
    return this.tokens;
  }
  write(tokens: Tokens | null): void {
    this.tokens = tokens;
  }
}

const REFRESH = "/api/v1/auth/refresh";

/** Make a client that sends its access token along, and fetches a new one when that has run out. */
export function createFixMate(baseUrl: string, store: TokenStore = new InMemory()): FixMate {
  const client = createClient<paths>({ baseUrl });
  const plain = createClient<paths>({ baseUrl });
  const sent = new Map<string, Request>();
  let refreshing: Promise<Tokens | null> | null = null;

  async function refresh(): Promise<Tokens | null> {
    const held = store.read();
    if (!held) return null;
    const { data, response } = await plain.POST(REFRESH, { body: { refresh_token: held.refresh } });
    if (data) store.write({ access: data.access_token, refresh: data.refresh_token });
    else if (response.status === 401) store.write(null);
    return data ? store.read() : null;
  }

  const tokens: Middleware = {
    onRequest({ request, id }) {
      const held = store.read();
      if (held) request.headers.set("Authorization", `Bearer ${held.access}`);
      sent.set(id, request.clone());
      return request;
    },
    async onResponse({ response, id }) {
      const request = sent.get(id);
      sent.delete(id);
      if (response.status !== 401 || !request || !store.read()) return response;
      // One refresh at a time: a refresh token is good once, and a second use would end the session.
      refreshing ??= refresh().finally(() => (refreshing = null));
      const fresh = await refreshing;
      if (!fresh) return response;
      request.headers.set("Authorization", `Bearer ${fresh.access}`);
      return fetch(request);
    },
    onError({ id }) {
      sent.delete(id);
    },
  };
  client.use(tokens);
  return client;
}

/** Say how a body with a file is sent: hand it over as `bodySerializer`. */
export function asForm(body: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (value instanceof Blob) form.append(name, value, "file");
    else if (value !== undefined && value !== null) form.append(name, String(value));
  }
  return form;
}

/** Return the cursor of a `next` or `previous` link, for the `cursor` parameter of the same list. */
export function cursorOf(link: string | null): string | undefined {
  return link ? (new URL(link).searchParams.get("cursor") ?? undefined) : undefined;
}
