#!/usr/bin/env bash
# Starts a server with the demo city, a kiosk and a member's phone. Without a
# display the windows run under Xvfb and leave their pictures in demo-out/.
set -euo pipefail
cd "$(dirname "$0")/.."

data=demo-data out=demo-out address=127.0.0.1:8641
pids=()

stop() {
	trap - EXIT INT TERM
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
}
trap stop EXIT
trap 'stop; exit 130' INT TERM

rm -rf "$data" "$out"
mkdir -p "$data" "$out"
export YIZHAN_DATA=$data/server
server=bin/syncserver
app=(bin/yizhan -server "ws://$address/v1/sync")

$server serve -addr "$address" 2>"$data/server.log" &
pids+=($!)
for _ in $(seq 100); do
	$server status >/dev/null 2>&1 && break
	kill -0 "${pids[0]}" 2>/dev/null || { cat "$data/server.log" >&2; exit 1; }
	sleep 0.1
done

city=$($server demo "$data/city")
echo "$city" | head -1
$server import roster "$data/city/会员花名册.xlsx"
$server import stations "$data/city/服务站点.xlsx"
$server import calendar "$data/city/节假日2026.json"
$server import map -area yunlu -name 云鹭市 -by "虚构的城市，演示用" -o "$data/yunlu.map" "$data/city/city.osm.gz"
$server map publish "$data/yunlu.map"
for file in "$data"/city/activities/*.json; do $server publish "$file"; done
station=$(echo "$city" | awk '/^kiosk station/ {print $3}')
name=$(echo "$city" | awk -F'[ ,]+' '/^member/ {print $2; exit}')
member=$($server member find "$name" | awk '{print $1; exit}')

# code prints a fresh one-use code.
code() { $server enrol "$@" | grep -Eo '^[A-Z2-7]{4}(-[A-Z2-7]{4}){5}$'; }
kiosk_code=$(code -role kiosk -station "$station")
phone_code=$(code -role phone -member "$member")

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
	"${app[@]}" -data "$data/kiosk" -enrol "$kiosk_code" -size 720x1080 2>"$data/kiosk.log" &
	pids+=($!)
	"${app[@]}" -data "$data/phone" -enrol "$phone_code" -size 412x860 2>"$data/phone.log" &
	pids+=($!)
else
	kiosk=(xvfb-run -a -s "-screen 0 1080x1920x24" "${app[@]}" -data "$data/kiosk" -size 1080x1920)
	phone=(xvfb-run -a -s "-screen 0 412x915x24" "${app[@]}" -data "$data/phone" -size 412x915)
	echo "没有显示器：在 Xvfb 中运行手机和自助机，截图写入 $out/"
	"${kiosk[@]}" -enrol "$kiosk_code" -shot "$out/1-kiosk.png" -after 5s 2>"$data/kiosk.log"
	"${phone[@]}" -enrol "$phone_code" -shot "$out/2-phone-activities.png" -after 5s 2>"$data/phone.log"
	"${phone[@]}" -open film -shot "$out/3-phone-activity.png" -after 4s 2>>"$data/phone.log"
	"${phone[@]}" -open film -press -shot "$out/4-phone-decision.png" -after 5s 2>>"$data/phone.log"
	"${phone[@]}" -open ticket -offline -shot "$out/5-phone-ticket.png" -after 4s 2>>"$data/phone.log"
	"${kiosk[@]}" -offline -scan-image "$out/5-phone-ticket.png" -shot "$out/6-kiosk-offline-hands-over.png" -after 5s 2>>"$data/kiosk.log"
	"${kiosk[@]}" -offline -scan-image "$out/5-phone-ticket.png" -shot "$out/7-kiosk-offline-refuses-second.png" -after 5s 2>>"$data/kiosk.log"
	"${kiosk[@]}" -shot "$out/8-kiosk-reported.png" -after 5s 2>>"$data/kiosk.log"
	"${kiosk[@]}" -open stations -shot "$out/9-kiosk-map.png" -after 8s 2>>"$data/kiosk.log"
	"${kiosk[@]}" -open stations/YL002 -shot "$out/10-kiosk-station.png" -after 8s 2>>"$data/kiosk.log"
	$server verify
fi

cat <<EOF
1. 手机窗口：点“《…》”，按“抢票”，看到结果和原因；“我的票”里有领取二维码。
2. 断网：在自助机上按 Ctrl+D 或拔掉网线；用扫码枪或摄像头扫手机上的二维码（都没有，就照 README 用图片代替），自助机离线判定并保存。
3. 再扫一次同一张码：拒绝。恢复网络后自助机自动上报；$server status -data $YIZHAN_DATA 看服务器，$server verify -data $YIZHAN_DATA 核对账本。
4. 换一台设备：$server enrol -role phone -member $member -data $YIZHAN_DATA（另见 $server -h）。
5. 截图在 $out/；数据在 $data/；按 Ctrl-C 结束全部。
EOF

# Where nobody can look at a window or press Ctrl-C, the demo ends by itself.
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ -t 0 ]; then wait; fi
