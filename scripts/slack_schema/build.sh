#!/bin/sh
# Regenerates tests/data/slack-*.json from the types Slack publishes on npm. Needs Node 20 and npm; see README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/entry.ts" "$work"
cd "$work"
npm install --silent --no-audit --no-fund \
    @slack/types@3.2.0 @slack/bolt@5.1.0 @slack/web-api@8.2.0 ts-json-schema-generator@2.4.0
cat > tsconfig.json <<'JSON'
{"compilerOptions": {"target": "ES2022", "module": "node16", "moduleResolution": "node16", "strict": true,
                     "skipLibCheck": true, "types": []}}
JSON
npx ts-json-schema-generator --path entry.ts --tsconfig tsconfig.json --type '*' --no-type-check -o raw.json
python3 "$here/build.py" raw.json "$here/../../tests/data"
cat node_modules/@slack/types/LICENSE > "$here/../../tests/data/slack-types.LICENSE"
printf '\n----- @slack/bolt -----\n\n' >> "$here/../../tests/data/slack-types.LICENSE"
cat node_modules/@slack/bolt/LICENSE >> "$here/../../tests/data/slack-types.LICENSE"
