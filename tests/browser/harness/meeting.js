// A meeting with its host, and how people come into it.

import assert from "node:assert/strict";
import { Account } from "./account.js";
import { Attendee } from "./attendee.js";
import { Table } from "./table.js";
import { ui } from "./ui.js";

/** @import { TestContext } from "node:test" */

/** Ann with an account, and her meeting. @param {TestContext} context @param {"open" | "password" | "waiting"} admission @param {string} [password] */
export async function hosted(context, admission, password) {
  const table = await Table.set(context);
  /** @type {Attendee[]} */
  const attendees = [];
  context.after(() => attendees.forEach(({ name, faults }) => assert.deepEqual(faults, [], `${name}'s page had errors`)));
  /** @param {string} name */
  const account = async (name) => {
    const made = await Attendee.signedIn(await table.browser(), await Account.register(table.server, name));
    attendees.push(made);
    return made;
  };
  const ann = await account("ann");
  const room = await ui.makeMeeting(ann.page, "Planning", admission, password);
  /** @param {string} name */
  const guest = async (name) => {
    const made = await Attendee.guest(await table.browser(), table.server, name, room);
    attendees.push(made);
    return made;
  };
  return { table, ann, room, account, guest };
}

/** From the green room, muted. @param {Attendee} attendee */
export async function comeInMuted(attendee) {
  await ui.press(attendee.page, "join-muted");
}

/** @param {Attendee} attendee */
export async function isInside(attendee) {
  await ui.inRoom(attendee.page);
  await attendee.connected();
}
