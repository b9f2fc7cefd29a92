#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pages in headless Chromium, asked over its DevTools pipe; nothing of it listens on a port.

Usage: browser.py <LOOKS, a line each:
    NAME PAGE [--width N] [--dark] [--paper] [--open] [--screenshot FILE] [--pdf FILE] [--eval EXPRESSION]

Words are as a shell has them. Prints one JSON object a look: its name, what the page logged (errors, refusals of its policy),
what it asked the network for, how wide it is against its window, which elements reach beyond it, the worst contrast of its
texts, how many ".fold" are not shown, and the value of EXPRESSION. --paper lays it out as for print; --open opens every
<details>.
"""
import argparse
import base64
import json
import os
import select
import shlex
import subprocess
import sys
import tempfile
import time

PATIENCE = 60  # seconds, for any one answer

MEASURE = """(() => {
  const root = document.documentElement, wide = root.clientWidth, beyond = [];
  const numbers = s => (s.match(/[\\d.]+/g) || []).map(Number);
  const luminance = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  let contrast = 21, poorest = "";
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect();
    if (box.width > 1 && !e.closest(".away, .waivers thead") && (box.right > wide + 0.5 || box.left < -0.5)) beyond.push(e.tagName + "." + (e.getAttribute("class") || ""));
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest("svg") && e.tagName !== "text" || !box.width) continue;
    const style = getComputedStyle(e), ink = numbers(e.tagName === "text" ? style.fill : style.color);
    const [a, b] = [luminance(ink), luminance(ground(e))].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    if (ratio < contrast) { contrast = ratio; poorest = e.tagName + ": " + e.textContent.slice(0, 40); }
  }
  return { scroll: root.scrollWidth, client: wide, beyond: beyond.slice(0, 9), contrast, poorest,
    height: root.scrollHeight, hidden: [...document.querySelectorAll(".fold")].filter(e => !e.offsetHeight).length };
})()"""


class Browser:
    def __init__(self, profile):
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()

        def pipes():  # the browser reads from 3 and writes to 4
            a, b = os.dup(to_read), os.dup(back_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
             "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
             "--user-data-dir=" + profile, "about:blank"],
            preexec_fn=pipes, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(back_write)
        self.number, self.buffer, self.session, self.events = 0, b"", None, []

    def receive(self):
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            if not select.select([self.back], [], [], max(0, until - time.monotonic()))[0]:
                sys.exit("chromium does not answer")
            data = os.read(self.back, 1 << 20)
            if not data:
                sys.exit("chromium ended")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def told(self, method):
        return [event["params"] for event in self.events if event.get("method") == method]

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            sys.exit("a fault of the test's own: " + json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def end(self):
        self.call("Browser.close")
        self.process.wait(PATIENCE)


def save(path, data):
    with open(path, "wb") as out:
        out.write(base64.b64decode(data))


def look(browser, options):
    browser.session, browser.events = None, []
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in "Page", "Log", "Network", "Runtime":
        browser.call(domain + ".enable")
    browser.call("Emulation.setDeviceMetricsOverride", width=options.width, height=800,
                 deviceScaleFactor=2 if options.width < 600 else 1, mobile=options.width < 600)
    browser.call("Emulation.setEmulatedMedia", media="print" if options.paper else "",
                 features=[{"name": "prefers-color-scheme", "value": "dark" if options.dark else "light"}])
    url = "file://" + os.path.abspath(options.page)
    browser.call("Page.navigate", url=url)
    browser.wait("Page.loadEventFired")
    if options.open:
        browser.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    answer = browser.evaluate(MEASURE)
    if options.eval:
        answer["value"] = browser.evaluate(options.eval)
    if options.screenshot:
        height = min(answer["height"], 6000)
        browser.call("Emulation.setDeviceMetricsOverride", width=options.width, height=height, deviceScaleFactor=1,
                     mobile=options.width < 600)
        save(options.screenshot, browser.call("Page.captureScreenshot", format="png")["data"])
    if options.pdf:
        save(options.pdf, browser.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])
    answer["logged"] = [e["entry"]["text"] for e in browser.told("Log.entryAdded")] + \
        [e["exceptionDetails"]["text"] for e in browser.told("Runtime.exceptionThrown")] + \
        [str(e["args"]) for e in browser.told("Runtime.consoleAPICalled")]
    answer["requests"] = [e["request"]["url"] for e in browser.told("Network.requestWillBeSent")
                          if e["request"]["url"] != url]
    browser.session = None
    browser.call("Target.closeTarget", targetId=target)
    return dict(answer, name=options.name)


def look_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("page")
    parser.add_argument("--width", type=int, default=1280)
    for flag in "--dark", "--paper", "--open":
        parser.add_argument(flag, action="store_true")
    for name in "--screenshot", "--pdf", "--eval":
        parser.add_argument(name)
    return parser


def main():
    parser = look_parser()
    looks = [parser.parse_args(shlex.split(line)) for line in sys.stdin if line.strip()]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            for options in looks:
                print(json.dumps(look(browser, options)), flush=True)
            browser.end()
        finally:
            browser.process.kill()
            browser.process.wait()


main()
