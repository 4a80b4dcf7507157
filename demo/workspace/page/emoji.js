// The short codes a deployment bot uses. Unknown ones stay as they are written.

export const EMOJI = {
  "+1": "👍", "-1": "👎", alarm_clock: "⏰", anchor: "⚓", arrow_down: "⬇️", arrow_right: "➡️", arrow_up: "⬆️",
  arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️", bangbang: "‼️", bell: "🔔", black_circle: "⚫",
  black_square_button: "🔲", blue_circle: "🔵", large_blue_circle: "🔵", boom: "💥", broken_heart: "💔", bulb: "💡",
  calendar: "📅", chart_with_downwards_trend: "📉", chart_with_upwards_trend: "📈", checkered_flag: "🏁", clock1: "🕐",
  construction: "🚧", double_vertical_bar: "⏸️", pause_button: "⏸️", arrow_forward: "▶️", exclamation: "❗", eyes: "👀",
  fire: "🔥", gear: "⚙️", grey_question: "❔", hammer_and_wrench: "🛠️", hand: "✋", heavy_check_mark: "✔️", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", information_source: "ℹ️", key: "🔑", large_green_circle: "🟢", green_circle: "🟢",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", leftwards_arrow_with_hook: "↩️", rewind: "⏪", link: "🔗",
  lock: "🔒", unlock: "🔓", mag: "🔍", memo: "📝", no_entry: "⛔", no_entry_sign: "🚫", ocean: "🌊", octagonal_sign: "🛑",
  stop_sign: "🛑", ok_hand: "👌", package: "📦", page_facing_up: "📄", pager: "📟", pray: "🙏", pushpin: "📌",
  question: "❓", red_circle: "🔴", recycle: "♻️", rocket: "🚀", rotating_light: "🚨", scroll: "📜", shield: "🛡️",
  ship: "🚢", skull: "💀", snowflake: "❄️", sos: "🆘", sparkles: "✨", stopwatch: "⏱️", tada: "🎉", thinking_face: "🤔",
  timer_clock: "⏲️", traffic_light: "🚦", vertical_traffic_light: "🚦", warning: "⚠️", wave: "👋",
  white_check_mark: "✅", white_circle: "⚪", white_large_square: "⬜", wrench: "🔧", x: "❌", yellow_circle: "🟡", zap: "⚡", zzz: "💤",
};

// The marks a status line stands on are drawn by our own style sheet: not every machine has an emoji font.
export const DRAWN = {
  white_check_mark: "check", heavy_check_mark: "check", x: "cross", warning: "caution", no_entry: "stop", octagonal_sign: "stop",
  large_green_circle: "dot green", green_circle: "dot green", red_circle: "dot red", large_yellow_circle: "dot yellow", yellow_circle: "dot yellow",
  large_orange_circle: "dot orange", large_blue_circle: "dot blue", blue_circle: "dot blue", white_circle: "dot white", black_circle: "dot black",
};
