#!/bin/sh
# Installs the programs and fonts that the tests use, on Debian and with root rights. Otherwise prints the missing
# packages and fails.
set -eu

PATH=$PATH:/usr/sbin # Debian installs servers there
missing=
need() { # need PACKAGES COMMAND...: one of the commands must exist
	packages=$1
	shift
	for command; do
		if command -v "$command" >/dev/null 2>&1; then return; fi
	done
	missing="$missing $packages"
}
need_font() { # need_font PACKAGE PATTERN
	if ! fc-list "$2" 2>/dev/null | grep -q .; then missing="$missing $1"; fi
}

need redis-server redis-server
need redis-tools redis-cli
need nginx nginx
need haproxy haproxy
need systemd systemd-analyze
need chromium chromium chromium-browser google-chrome
need nodejs node
need npm npm
need 'gcc libc6-dev' gcc
need fontconfig fc-list
need_font fonts-noto-cjk ':lang=ja' # without it the picture shows Japanese as empty boxes
need_font fonts-noto-color-emoji ':lang=und-zsye'

if [ -n "$missing" ]; then
	sudo=
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "the tests need these Debian packages or their equivalents:$missing" >&2
		exit 1
	fi
	if [ "$(id -u)" != 0 ]; then
		if ! sudo -n true 2>/dev/null; then
			echo "missing packages:$missing. Run as root: apt-get install$missing" >&2
			exit 1
		fi
		sudo='sudo -n'
	fi
	echo "installing:$missing"
	# The tests start their own redis-server. Debian's would run all the time, on the port of the embedded Redis, so
	# neither the installation nor the next boot may start it.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap '$sudo rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
		$sudo chmod +x "$policy"
	fi
	$sudo apt-get update -q
	# shellcheck disable=SC2086 # several packages
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
	for service in redis-server nginx haproxy; do
		case "$missing" in
		*"$service"*)
			if command -v systemctl >/dev/null 2>&1; then
				$sudo systemctl disable "$service" >/dev/null 2>&1 || true
			fi ;;
		esac
	done
fi

if ! node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'; then
	echo "the tests need Node.js 18 or later; this is $(node --version)" >&2
	exit 1
fi
