// The page's data: blocks of JSON beside the page's own text, parsed one after the other.
function blocks(name) {
  return document.querySelectorAll(`script[data-block="${name}"]`);
}

export function readHead() {
  return JSON.parse(blocks("head")[0].textContent);
}

export function readRows() {
  const rows = [];
  for (const block of blocks("rows")) {
    for (const row of JSON.parse(block.textContent)) {
      row.place = rows.length;
      row.gone = row.line === undefined;
      row.shownState = row.gone ? "gone" : row.state;
      rows.push(row);
    }
    block.remove();
  }
  return rows;
}

// All that can be found by searching, in one string a row.
export function searchable(row) {
  if (row.searchText === undefined) {
    const cells = Object.values(row.cells ?? {});
    const parameters = Object.values(row.parameters ?? {}).map(String);
    const parts = [row.prompt, row.key, row.line, row.model, row.task, row.job, row.error, ...cells, ...parameters];
    row.searchText = parts.filter((part) => part !== undefined).join("\n").normalize("NFKC").toLowerCase();
  }
  return row.searchText;
}

// The page's meta elements: where a server put the page, and what it wants to hear.
export function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.content;
}
