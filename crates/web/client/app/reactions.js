// The reactions one can send: their names on the wire, their icons, and what they are called.

/** @type {Record<string, { icon: string, words: string }>} */
export const REACTIONS = {
  thumbs_up: { icon: "thumbs-up", words: "Thumbs up" },
  heart: { icon: "heart", words: "Heart" },
  laugh: { icon: "face-grinning", words: "Laughing" },
  celebrate: { icon: "party-popper", words: "Hooray" },
  sad: { icon: "face-slightly-frowning", words: "Oh no" },
};

/** Other clients know others. @param {string} reaction */
export const reactionIcon = (reaction) => REACTIONS[reaction]?.icon ?? "sparkles";
/** @param {string} reaction */
export const reactionWords = (reaction) => REACTIONS[reaction]?.words ?? "a reaction";
