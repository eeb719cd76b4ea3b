// The script of every report: without it, everything can still be read.
(() => {
'use strict';
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const one = (selector, inside = document) => inside.querySelector(selector);
const root = document.documentElement;

// Light or dark: the system's choice until the button is pressed. A file or a sandbox may have no storage.
const theme = one('.theme');
const isDark = () => (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches && 'dark')) === 'dark';
const dress = (choice) => {
  if (choice) root.dataset.theme = choice;
  theme.setAttribute('aria-pressed', isDark());
};
theme.hidden = false;
theme.onclick = () => {
  dress(isDark() ? 'light' : 'dark');
  try { localStorage.theme = root.dataset.theme; } catch {}
};
dress();
try { dress(localStorage.theme); } catch {}

// Contents: which section is being read.
const sections = all('main section[id]');
const links = all('nav a');
const toc = one('.toc');
const at = (link) => document.getElementById(link.hash.slice(1));
const follow = () => {
  const read = sections.findLast((section) => section.getBoundingClientRect().top < 140) || sections[0];
  if (!read) return;
  const isBefore = (link) => !link.closest('.toc') && at(link) && !(at(link).compareDocumentPosition(read) & 2);
  const current = links.findLast(isBefore);
  for (const link of links) {
    link.removeAttribute('aria-current');
    if (link === current || at(link) === read) link.ariaCurrent = 'true';
  }
  if (toc) one('.here').textContent = one('h2', read).textContent;
  const bar = one('.links');
  if (current) bar.scrollLeft = current.offsetLeft - bar.offsetLeft - bar.clientWidth / 3;
};
addEventListener('scroll', () => requestAnimationFrame(follow), { passive: true });
follow();
if (toc) {
  addEventListener('click', ({ target }) => { if (target.closest('.toc a') || !target.closest('.toc')) toc.open = false; });
  toc.onkeydown = ({ key }) => { if (key === 'Escape') { toc.open = false; one('summary', toc).focus(); } };
}
const reveal = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.matches('details')) target.open = true;
};
addEventListener('hashchange', reveal);
reveal();

// Tooltips at once: under the pointer, under a finger, and by arrow keys in a chart that has the focus.
const tip = document.body.appendChild(document.createElement('div'));
tip.className = 'tip';
tip.role = 'status';
const isMark = (mark) => mark.dataset.tip || one(':scope > title', mark);
let marked;
const show = (mark) => {
  marked?.classList.remove('marked');
  marked = mark;
  tip.hidden = !mark;
  if (!mark) return;
  const title = one('title', mark);
  if (title) {
    mark.dataset.tip = title.textContent;
    title.remove();
  }
  mark.classList.add('marked');
  tip.textContent = mark.dataset.tip;
  const box = mark.getBoundingClientRect();
  const left = box.x + (box.width - tip.offsetWidth) / 2;
  const above = box.y - tip.offsetHeight - 6;
  tip.style.left = Math.max(4, Math.min(left, root.clientWidth - tip.offsetWidth - 4)) + 'px';
  tip.style.top = (above > 2 ? above : box.bottom + 6) + 'px';
};
show();
const point = ({ target }) => {
  const mark = target.closest('.chart *');
  show(mark && isMark(mark) && mark);
};
addEventListener('pointerover', point);
addEventListener('pointerdown', point);
for (const chart of all('.chart')) {
  chart.tabIndex = 0;
  chart.onblur = () => show();
  chart.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const marks = all('*', chart).filter(isMark);
    if (!step || !marks.length) return;
    event.preventDefault();
    const place = marks.indexOf(marked) + step;
    show(marks[(place + marks.length) % marks.length]);
  };
}

// Tables are sorted by a press on a heading: figures by size, dashes last.
const value = (row, column) => {
  const text = row.cells[column]?.firstChild?.textContent.trim() || '–';
  const parts = /^[<≤]? ?([−-]?[\d,]*\.?\d+) ?([%kMGT]?)B?( |$)/.exec(text);
  if (!parts) return [text === '–' ? 2 : 1, text];
  return [0, parts[1].replace(/,/g, '').replace('−', '-') * 1000 ** Math.max(0, ' kMGT'.indexOf(parts[2] || ' '))];
};
const sort = (heading) => {
  const body = heading.closest('table').tBodies[0];
  const down = heading.ariaSort === 'ascending' ? -1 : 1;
  const rows = [...body.rows].map((row) => [...value(row, heading.cellIndex), row]);
  rows.sort((a, b) => a[0] - b[0] || down * (a[0] ? a[1].localeCompare(b[1]) : a[1] - b[1]));
  for (const cell of heading.parentNode.cells) cell.removeAttribute('aria-sort');
  heading.ariaSort = down > 0 ? 'ascending' : 'descending';
  body.append(...rows.map((row) => row[2]));
};
for (const heading of all('.table thead th')) {
  if (!heading.textContent || heading.closest('table').tBodies[0].rows.length < 3) continue;
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...heading.childNodes);
  button.onclick = () => sort(heading);
  heading.append(button);
}

// Search over columns.
const search = one('.search');
if (search) {
  search.hidden = false;
  const cards = all('.column');
  search.oninput = ({ target }) => {
    const words = target.value.toLowerCase().split(/\s+/);
    for (const card of cards) card.hidden = !words.every((word) => card.dataset.search.toLowerCase().includes(word));
    const found = cards.filter((card) => !card.hidden).length;
    one('output', search).textContent = target.value && `${found} of ${cards.length}`;
  };
}

// Suggestions are copied, or at least selected.
for (const button of all('.copy')) {
  button.hidden = false;
  button.onclick = async () => {
    const text = one('pre', button.parentNode);
    getSelection().selectAllChildren(text);
    let done = true;
    try { await navigator.clipboard.writeText(text.textContent); } catch { done = document.execCommand('copy'); }
    button.textContent = done ? 'Copied' : 'Selected';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  };
}

// On paper everything is open.
let closed = [];
const open = (isOpen) => { for (const each of closed) each.open = isOpen; };
addEventListener('beforeprint', () => { closed = all('details:not([open])'); open(true); });
addEventListener('afterprint', () => open(false));
})();
