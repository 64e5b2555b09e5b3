// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { loadSession, may, onWish, askToSignIn, session, signIn, signOut } from "../src/kit/session";

const known = { account: "desk", role: "dispatcher", permissions: ["map.read"], grant: 1, grants: [] };
const nobody = { account: null, role: "public", permissions: ["station.read"], grant: null, grants: [] };
const answer = (status: number, body: unknown) => new Response(status === 204 ? null : JSON.stringify(body), { status });

let asked: string[] = [];
function service(answers: Record<string, Response>): void {
  asked = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const call = `${init.method ?? "GET"} ${path}`;
    asked.push(call);
    return answers[call]!.clone();
  });
}

beforeEach(async () => {
  service({ "GET /v1/session": answer(200, nobody) });
  await loadSession();
});
afterEach(() => vi.unstubAllGlobals());

describe("the session of the page", () => {
  it("begins as the service says", () => {
    expect([session().account, may("station.read"), may("map.read")]).toEqual([null, true, false]);
  });

  it("changes when somebody signs in, and again when they sign out", async () => {
    service({
      "POST /v1/session": answer(200, known),
      "DELETE /v1/session": answer(204, null),
      "GET /v1/session": answer(200, nobody),
    });
    await signIn("desk", "secret");
    expect([session().account, may("map.read")]).toEqual(["desk", true]);
    await signOut();
    expect([session().account, may("map.read")]).toEqual([null, false]);
    expect(asked).toEqual(["POST /v1/session", "DELETE /v1/session", "GET /v1/session"]);
  });

  it("stays as it was when the password is wrong", async () => {
    service({ "POST /v1/session": answer(401, { title: "账号或密码错误。", code: "wrong-password" }) });
    await expect(signIn("desk", "wrong")).rejects.toMatchObject({ status: 401, title: "账号或密码错误。" });
    expect(session().account).toBeNull();
  });

  it("is nobody's when the service does not answer", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("failed")));
    await loadSession();
    expect([session().account, may("station.read"), may("map.read")]).toEqual([null, true, false]);
  });

  it("is wished for by what needs it", () => {
    const wished: string[] = [];
    const deaf = onWish((then) => wished.push(then));
    askToSignIn("/v1/maps/heat");
    deaf();
    askToSignIn("/v1/maps/rates");
    expect(wished).toEqual(["/v1/maps/heat"]);
  });
});
