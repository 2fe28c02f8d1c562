/** A curated set: it is what keyboards put first, and it needs no download. */
export const emojis = {
  faces: list(
    '😀 😃 😄 😁 😆 😅 🤣 😂 🙂 🙃 😉 😊 😇 🥰 😍 🤩 😘 😋 😛 😜 🤪 🤗 🤭 🤫 🤔 🫡 🤐 🤨 😐 😑 😶 😏 😒 🙄 😬 😌 😔 😪 😴 😷 🤒 🤕 🤢 🤧 🥵 🥶 🥴 😵 🤯 🤠 🥳 😎 🤓 🧐 😕 😟 🙁 😮 😯 😲 😳 🥺 🥹 😨 😰 😥 😢 😭 😱 😖 😞 😓 😩 😫 🥱 😤 😡 😠 🤬 😈 💀 👻 👽 🤖',
  ),
  hands: list(
    '👍 👎 👌 🤌 🤏 ✌️ 🤞 🤟 🤘 🤙 👈 👉 👆 👇 ☝️ ✋ 🖖 👋 💪 🙏 🤝 👏 🙌 👐 🤲 🫶 ✍️ 👀 👂 🧠 🙋 🤷 🤦 🙅 🙆 💁 🧑‍💻 🧑‍🎓 🧑‍🏫 🧑‍🍳 🧑‍🚀 🕺 💃 🏃',
  ),
  hearts: list(
    '❤️ 🧡 💛 💚 💙 💜 🖤 🤍 🤎 💔 ❣️ 💕 💞 💖 💘 💯 ✨ ⭐ 🌟 💫 🔥 💥 💢 💤 🎉 🎊 🏆 🥇 ✅ ❌ ❓ ❗ ⚠️ 🚫 ♻️ 🔔 🔕 🔇 ➕ ➖',
  ),
  nature: list(
    '🐶 🐱 🐭 🐹 🐰 🦊 🐻 🐼 🐨 🐯 🦁 🐮 🐷 🐸 🐵 🐔 🐧 🐦 🦆 🦉 🐺 🐴 🦄 🐝 🦋 🐌 🐞 🐢 🐍 🐙 🐟 🐬 🐳 🌵 🌲 🌳 🌴 🌱 🍀 🌸 🌹 🌻 🌞 🌙 🌍 🌈 ☀️ ☁️ ⛄ ❄️',
  ),
  food: list(
    '🍎 🍊 🍋 🍌 🍉 🍇 🍓 🍒 🍑 🥑 🍅 🥕 🌽 🥦 🧄 🍞 🥐 🧀 🥚 🍳 🥞 🍔 🍟 🍕 🌮 🥗 🍝 🍜 🍣 🍚 🍰 🎂 🍪 🍫 🍿 🍩 🍦 ☕ 🍵 🥤 🍺 🍷 🥂 🧉',
  ),
  things: list(
    '⚽ 🏀 🎾 🏐 🎱 🎮 🎲 🧩 🎨 🎬 🎤 🎧 🎸 🎹 🚗 🚌 🚲 🚂 ✈️ 🚀 ⛵ 🏠 🏢 🏖️ 🏔️ ⛺ ⌚ 📱 💻 ⌨️ 🖨️ 📷 📺 💡 🔦 📚 📖 📝 ✏️ 📎 📌 📅 📈 🔒 🔑 🔧 🔨 ⚙️ 🧪 💊 🧹 🎁 🛒 💰 ✉️ 📦 🗑️ 🕐',
  ),
};

/** Given most often. */
export const quick = list('👍 ❤️ 😂 🎉 😮 😢');

function list(text: string): string[] {
  return text.split(' ');
}
