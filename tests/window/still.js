// Says alike what differs from run to run and from computer to computer: times, dates, how long, how fast, how large this disk is,
// where this test lies. From its first call on whatever the page says anew is held still before it is painted. Whether the page is at
// rest: nothing had to be changed, nothing moves.
const MOVING = [
  [/^.+ · (?=answered in)/, 'ext4 /dev/vda · '],
  [/answered in (less than )?\d+ m?s/, 'answered in less than 8 ms'],
  [/\/[^\s'"]*\/lab-\w{6}(?=\/|$)/g, '/lab'],
  [/\/[^\s'"]*\/\.tmp\w{6}(?=\/|$)/g, '/lab/gpu-3'],
  [/\/[^\s'"]*\/samepath-demo-\w{6}(?=\/|$)/g, '/demo'],
  [/\d{4}-\d\d-\d\d_\d{4}(\d\d)?(-\w{4})?\b/g, '2026-11-22_0914-k3fm'],
  [/^Failed after \d+ s(?=:)/, 'Failed'],
  [/( · )\d+ s · (?=by )/, '$1'],
  [/ · about [\dhmins ]+ left/g, ''],
  [/\b\d\d:\d\d:\d\d\b/g, '09:14:02'],
  [/(?<!\d:)\b\d\d:\d\d\b(?!:)/g, '09:14'],
  [/\b\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b( \d{4})?/g, '22 Nov$2'],
  [/\b(?!60 s)\d+ s\b/g, '8 s'],
  [/\b\d+ min\b/g, '8 min'],
  [/\b\d+ ms\b/g, '8 ms'],
  [/\b\d+(\.\d)? (GB|TB)\b/g, '41 TB'],
  [/\b\d+(\.\d)? (B|KB)\b/g, '41 KB'],
  [/\b\d+\.\d+\.\d+\b/g, '0.1.0'],
];
// Where a job ends at once, what happened in between may be told of or not.
const BETWEEN = /(looks at its files|started it)$/;
const ALONE = /^\d+ (s|min)( left)?$/;

function begin() {
  const style = document.createElement('style');
  // A caret blinks, scroll bars fade, and how full a disk is depends on the computer. From now on for good: a scroll bar that comes
  // back between two pictures may still fade in the second.
  style.textContent = `
    * { caret-color: transparent !important; scrollbar-width: none !important; }
    ::-webkit-scrollbar { display: none; }
    .space [role=progressbar] > span { width: 80% !important; }`;
  document.head.append(style);
  // One that is there already is made anew.
  for (const one of document.querySelectorAll('*')) {
    if (!/auto|scroll/.test(getComputedStyle(one).overflow)) continue;
    one.style.overflow = 'hidden';
    void one.offsetHeight;
    one.style.overflow = '';
  }
  const said = (text) => MOVING.reduce((said, [moving, alike]) => said.replace(moving, alike), text);
  const hold = (node) => {
    const element = node.parentElement;
    let text = said(node.nodeValue);
    // On a slow computer, what is left of a job is known by now.
    if (element?.closest('td.when') && ALONE.test(text.trim())) text = '–';
    // The disk of this computer, as a worker names it.
    if (element?.closest('.storage .path.small') && !/\s/.test(text)) text = '/dev/vda';
    if (text === node.nodeValue) return 0;
    node.nodeValue = text;
    return 1;
  };
  const fields = () => [...document.querySelectorAll('input')].filter((field) => {
    const text = said(field.value);
    if (text === field.value) return false;
    field.value = text;
    return true;
  }).length;
  const steps = () => {
    for (const panel of document.querySelectorAll('[role=tabpanel]')) {
      const all = [...panel.querySelectorAll('li:has(time)')];
      all.forEach((step, index) => (step.style.display = index < all.length - 1 && BETWEEN.test(step.textContent) ? 'none' : ''));
    }
  };
  // What else is mounted on this computer, be it by another test.
  const mounts = () => {
    const others = document.querySelectorAll('ul[aria-label^="Other shares on"]');
    const none = [...document.querySelectorAll('p.muted')].filter((one) => one.textContent.startsWith('No share is mounted here'));
    for (const one of [...others, ...none]) one.style.display = 'none';
    const listed = [...document.querySelectorAll('main ul.list')].some((one) => one.style.display !== 'none');
    for (const one of listed ? [] : document.querySelectorAll('main .buttons > button')) {
      const text = [...one.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue.trim() === 'Another folder…');
      if (!text) continue;
      text.nodeValue = 'Choose folder…';
      one.classList.add('primary');
    }
  };
  const holdAll = () => {
    steps();
    mounts();
    let changed = fields();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) changed += hold(node);
    return changed;
  };
  new MutationObserver(holdAll).observe(document.body, { subtree: true, childList: true, characterData: true });
  return holdAll;
}

window.holdStill ??= begin();
const changed = window.holdStill();
return changed === 0 && document.getAnimations().every((one) => one.playState !== 'running');
