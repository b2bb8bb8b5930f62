// The whole job as an app goes through it, against a running server, with nothing but the generated types.
import { asForm, cursorOf } from "../src/index.js";
import { expect, logIn, needed, ok, PASSWORD, type Person, PLACE, register, same, until } from "./people.js";

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const picture = () => new Blob([Buffer.from(PIXEL, "base64")], { type: "image/png" });
const byId = (id: string) => ({ params: { path: { id } } });

async function technician(name: string, serviceId: string, staff: Person, north: number): Promise<Person> {
  const person = await register("TECHNICIAN", name);
  const { api } = person;
  const skills = { bio: "Twenty years.", years_experience: 20, service_ids: [serviceId], travel_radius_km: 20 };
  const profile = ok(await api.POST("/api/v1/technicians/apply", { body: { ...skills, ...PLACE } }));
  const early = await api.POST("/api/v1/technicians/me/online");
  same(early.error?.error.code, "TECHNICIAN_NOT_VERIFIED");
  const document = ok(
    await api.POST("/api/v1/technicians/me/documents", {
      body: { kind: "IDENTITY", file: picture() },
      bodySerializer: asForm,
    }),
  );
  const reason = { reason: "Clear copy." };
  ok(await staff.api.POST("/api/v1/admin/documents/{id}/approve", { ...byId(document.id), body: reason }));
  ok(await staff.api.POST("/api/v1/admin/technicians/{id}/approve", { ...byId(profile.id), body: reason }));
  const here = { latitude: PLACE.latitude + north, longitude: PLACE.longitude };
  expect(await api.PUT("/api/v1/technicians/me/location", { body: here }), 204);
  same(ok(await api.POST("/api/v1/technicians/me/online")).is_online, true);
  return person;
}

async function openOffer({ api }: Person): Promise<string | undefined> {
  const offers = ok(await api.GET("/api/v1/offers", { params: { query: { status: ["PENDING"] } } }));
  return offers.results[0]?.id;
}

async function request(customer: Person, serviceId: string): Promise<string> {
  const photo = ok(
    await customer.api.POST("/api/v1/uploads", {
      body: { purpose: "JOB_PHOTO", file: picture() },
      bodySerializer: asForm,
    }),
  );
  const asked = {
    params: { header: { "Idempotency-Key": `walk-${Date.now()}` } },
    body: {
      service_id: serviceId,
      description: "The tap drips.",
      address: "12 Beacon Street",
      photos: [photo.id],
      ...PLACE,
    },
  };
  const first = await customer.api.POST("/api/v1/jobs", asked);
  const again = await customer.api.POST("/api/v1/jobs", asked);
  const job = ok(first);
  same(ok(again).id, job.id);
  same(again.response.headers.get("Idempotent-Replayed"), "true");
  same(job.price.currency, "USD");
  return job.id;
}

async function refreshed(person: Person): Promise<void> {
  const held = person.store.read();
  if (!held) throw new Error("not logged in");
  person.store.write({ ...held, access: "run.out.token" });
  same(ok(await person.api.GET("/api/v1/auth/me")).email, person.email);
  same(person.store.read()?.access === "run.out.token", false);
}

async function unchanged(person: Person, jobId: string): Promise<void> {
  const read = await person.api.GET("/api/v1/jobs/{id}", byId(jobId));
  const tag = read.response.headers.get("ETag") ?? "";
  const params = { path: { id: jobId }, header: { "If-None-Match": tag } };
  expect(await person.api.GET("/api/v1/jobs/{id}", { params }), 304);
}

async function paged(person: Person): Promise<number> {
  let cursor: string | undefined;
  let seen = 0;
  do {
    const query = cursor ? { page_size: 1, cursor } : { page_size: 1 };
    const page = ok(await person.api.GET("/api/v1/jobs", { params: { query } }));
    seen += page.results.length;
    cursor = cursorOf(page.next);
  } while (cursor);
  return seen;
}

async function work(customer: Person, worker: Person, jobId: string): Promise<void> {
  const job = ok(await customer.api.GET("/api/v1/jobs/{id}", byId(jobId)));
  same(job.status, "ASSIGNED");
  const wrong = job.start_code === "0000" ? "1111" : "0000";
  const refused = await worker.api.POST("/api/v1/jobs/{id}/start", {
    ...byId(jobId),
    body: { start_code: wrong, ...PLACE },
  });
  same(refused.error?.error.code, "START_CODE_WRONG");
  const start = { start_code: job.start_code ?? "", ...PLACE };
  same(ok(await worker.api.POST("/api/v1/jobs/{id}/start", { ...byId(jobId), body: start })).status, "IN_PROGRESS");
  const done = { work_summary: "New washer." };
  same(ok(await worker.api.POST("/api/v1/jobs/{id}/complete", { ...byId(jobId), body: done })).status, "COMPLETED");
}

async function afterwards(customer: Person, jobId: string): Promise<void> {
  const payment = await until(async () => {
    const query = { status: ["CAPTURED" as const] };
    return ok(await customer.api.GET("/api/v1/payments", { params: { query } })).results[0];
  });
  same(payment.job_id, jobId);
  const said = { ...byId(jobId), body: { rating: 5, comment: "Quick and kind." } };
  same(ok(await customer.api.POST("/api/v1/jobs/{id}/review", said)).rating, 5);
  const twice = await customer.api.POST("/api/v1/jobs/{id}/review", said);
  expect(twice, 409);
  same(twice.error?.error.code, "ALREADY_REVIEWED");
  await until(async () => {
    const told = ok(await customer.api.GET("/api/v1/notifications"));
    return told.results.some((one) => one.kind === "JOB_COMPLETED");
  });
}

const staff = await logIn(needed("FIXMATE_STAFF_EMAIL"), needed("FIXMATE_STAFF_PASSWORD"));
const services = ok(await staff.api.GET("/api/v1/services", { params: { query: { page_size: 100 } } }));
const service = services.results[0];
if (!service) throw new Error("the catalogue is empty");

const near = await technician("Near", service.id, staff, 0.005);
const far = await technician("Far", service.id, staff, 0.02);
const customer = await register("CUSTOMER", "Ada");
await refreshed(customer);
const jobId = await request(customer, service.id);

const missed = await until(() => openOffer(near));
const taken = await until(() => openOffer(far)); // the first let his time run out
const late = await near.api.POST("/api/v1/offers/{id}/accept", byId(missed));
same(late.response.status === 409 && ["OFFER_EXPIRED", "OFFER_CLOSED"].includes(late.error?.error.code ?? ""), true);
expect(await far.api.POST("/api/v1/offers/{id}/seen", byId(taken)), 204);
same(ok(await far.api.POST("/api/v1/offers/{id}/accept", byId(taken))).status, "ACCEPTED");

await unchanged(customer, jobId);
await work(customer, far, jobId);
await afterwards(customer, jobId);
same(await paged(customer), 1);
expect(await customer.api.POST("/api/v1/auth/logout", { body: {} }), 204);
same((await customer.api.GET("/api/v1/auth/me")).error?.error.code, "TOKEN_INVALID");
same((await logIn(customer.email, PASSWORD)).email, customer.email);
console.log("walked");
