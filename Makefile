# One set of flags for build, test, vet and tools: any other set compiles the C
# parts of Fyne and SQLite again, which takes minutes.
TAGS := x11
export GOFLAGS := -buildvcs=false -tags=$(TAGS)
export LANG := zh_CN.UTF-8

# Packages with goroutines of their own run a second time under the race detector,
# without what is long and has one goroutine, or thousands that do the same.
RACE := app/device app/device/maps app/device/photos app/device/sound core/handover core/lease core/link core/link/blob core/local/memory core/replica \
	syncserver/blob syncserver/control syncserver/hub syncserver/journal/memory syncserver/journal/sqlite \
	syncserver/ledger syncserver/rehearse syncserver/sequencer syncserver/server syncserver/session syncserver/snapshot syncserver/socket syncserver/stream

BENCH ?= .
FUZZTIME ?= 30s
KILLS ?= 220
WORLDS ?= 2000
SOAK ?= 24h

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help deps fonts pinyin voice build test fmt vet unit mobile race sim static vuln bench figures speed fuzz crash torture demo package try-package screens soak clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

deps: ## install what the system lacks (apt packages, as root)
	@scripts/deps.sh

fonts: deps ## make the Chinese fonts in assets/fonts
	@scripts/fonts.sh

pinyin: deps ## make the words of the pinyin keyboard in assets/pinyin
	@scripts/pinyin.sh

voice: deps ## make the spoken phrases in assets/voice
	@go run ./app/device/sound/record assets/voice

build: deps fonts pinyin voice ## leave the programs in bin/
	@mkdir -p bin
	go build -o bin/yizhan .
	go build -o bin/syncserver ./syncserver

test: deps fonts pinyin voice fmt vet unit mobile race sim speed static vuln ## run every check and every test

fmt: ## fail where gofmt would change a file
	@files=$$(gofmt -l .); [ -z "$$files" ] || { echo "gofmt -w these files:"; echo "$$files"; exit 1; }

vet: ## go vet, and what decides on a phone once more as Android compiles it, of 64 bits and of 32, without C
	go vet ./...
	@for arch in arm64 arm; do (set -x; GOOS=android GOARCH=$$arch CGO_ENABLED=0 go build $$(go list ./core/... ./app/flow/... ./app/say | grep -Ev '/core/local/(disk|sqlite)$$')) || exit 1; done

unit: ## go test of every package, with the seeds of every fuzz target; windows that are clicked have the machine to themselves
	go test $$(go list ./... | grep -v /app/e2e)
	go test ./app/e2e

mobile: ## the screens once more, as a phone draws them
	go test -tags $(TAGS),mobile ./app/look ./app/phone ./app/staff

race: ## packages with goroutines, under the race detector
	go test -race -short $(patsubst %,./%,$(wildcard $(RACE)))

sim: ## live WORLDS simulated worlds in which everything goes wrong
	go run ./syncserver sim -worlds $(WORLDS)

static: ## staticcheck
	go tool staticcheck -tags $(TAGS) ./...

vuln: ## govulncheck, where its database can be reached
	@scripts/vulncheck.sh -tags $(TAGS) ./...

bench: deps fonts pinyin ## measure docs/PERFORMANCE.md, beside the committed figures; BENCH=storm chooses commands (25 minutes)
	@go run ./syncserver/load/figures -only '$(BENCH)'

figures: deps fonts pinyin ## the same, and commit what was found: figures, document, plots
	@go run ./syncserver/load/figures -write

speed: ## a short form of it, which fails on a fall to below a third (1 minute)
	@go run ./syncserver/load/figures -short

fuzz: ## run each fuzz target for FUZZTIME (30s)
	@scripts/fuzz.sh $(FUZZTIME)

crash: ## cut the power at every write and sync of 500 ops, on a device's store and on the journal (5 minutes)
	go test -v -run 'TestCrash|TestFirstStartIsCut' ./core/local/sqlite ./syncserver/journal/sqlite -everywhere

torture: ## kill -9 of server and devices, KILLS times each, over bad networks (4 minutes)
	TORTURE=$(KILLS) go test ./syncserver -run '^TestTorture$$' -v -count=1 -timeout 30m

demo: build ## start a server with the demo city, a kiosk and a phone
	@scripts/demo.sh

package: build ## make Debian packages and a tarball in dist/
	@scripts/package/build.sh

try-package: package ## install them in an empty Debian and start them (root, debootstrap, some minutes)
	@scripts/package/try.sh

screens: fonts ## make the pictures of docs/SCREENS.md in docs/screens
	rm -rf docs/screens
	mkdir docs/screens
	go test -count=1 ./app/phone ./app/staff ./app/kiosk -screens $(CURDIR)/docs/screens

soak: build ## a kiosk lives SOAK (24h) with somebody who taps at random: memory, idle CPU, first screen
	@scripts/soak.sh $(SOAK)

clean: ## remove what the other targets made, fonts, words and voice too
	rm -rf bin dist demo-data demo-out assets/fonts/*.otf assets/fonts/OFL.txt assets/pinyin/*.txt assets/voice/zh
