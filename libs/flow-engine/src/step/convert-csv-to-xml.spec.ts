import { describe, expect, it } from '@jest/globals';
import { bodyAfter, failureOf, flowWith, problemsOf, runNative } from '../testing/flow-fixture.js';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const step = (more: string): string => `- csvToXml: {recordPath: /rows/row, ${more}}`;
const rowsOf = async (more: string, csv: string): Promise<string> =>
  (await bodyAfter(step(more), csv)).replace(DECLARATION, '').replace(/^<rows>|<\/rows>$/g, '');
const NAMED = 'excludeFirstLine: true, fieldNames: [id, name, city]';
const messageOf = async (more: string, csv: string): Promise<string | undefined> =>
  (await runNative(flowWith(step(more)), csv)).error?.message;

describe('CSV columns by the names in the first line', () => {
  it.each([
    ['in the order of the fields', 'id,name,city\n1,alice,Bonn'],
    ['in another order', 'name,city,id\nalice,Bonn,1'],
    ['with columns that are no field', 'Marker,name,city,price,id\nx,alice,Bonn,9.99,1'],
    ['quoted', '"name","city","id"\n"alice","Bonn","1"'],
    ['with spaces around them', ' name , city ,id\nalice,Bonn,1'],
    ['quoted behind a byte order mark', '\ufeff"city","id","name"\nBonn,1,alice'],
    ['behind a byte order mark', '\ufeffcity,id,name\r\nBonn,1,alice\r\n'],
  ])('takes them %s', async (_, csv) => {
    expect(await rowsOf(NAMED, csv)).toBe('<row><id>1</id><name>alice</name><city>Bonn</city></row>');
  });

  it.each([
    [';', 'name;id\n"a;b";1', 'a;b'],
    ['|', 'name|id\na,b|1', 'a,b'],
    ['tab', 'name\tid\na b\t1', 'a b'],
    ['\\t', 'name\tid\na b\t1', 'a b'],
    ["' '", 'name id\nab 1', 'ab'],
  ])('takes them with the separator %s', async (separator, csv, name) => {
    const settings = `fieldSeparator: '${separator.replaceAll("'", '')}', columns: header, fieldNames: [id, name]`;
    expect(await rowsOf(settings, csv)).toBe(`<row><id>1</id><name>${name}</name></row>`);
  });

  it('leaves out a field that has no column, and the fields a short line lacks', async () => {
    expect(await rowsOf(NAMED, 'name,id\nalice,1\nbob')).toBe(
      '<row><id>1</id><name>alice</name></row><row><name>bob</name></row>',
    );
  });

  it.each([
    ['no name that is a field', 'a,b,c\n1,2,3'],
    ['no name at all', ',,\n1,2,3'],
    ['a field less and a name that is none', 'id,name,town\n1,alice,Bonn'],
    ['the name of a field twice', 'id,name,id\n1,alice,2'],
    ['fewer names than a line has fields', 'id,name\n1,alice,Bonn'],
  ])('fails on a header with %s', async (_, csv) => {
    expect(await failureOf(step(NAMED), csv)).toBe('csv-malformed');
  });

  it('names the field and the column that do not match', async () => {
    expect(await messageOf(NAMED, 'id,name,town\n1,alice,Bonn')).toContain('lacks "city", and names "town"');
  });

  it('does not look for the names of fields among inherited ones', async () => {
    expect(await rowsOf('columns: header, fieldNames: [constructor, id]', 'id,constructor\n1,x')).toBe(
      '<row><constructor>x</constructor><id>1</id></row>',
    );
  });

  it('gives no record for an empty body', async () => {
    expect(await bodyAfter(step(NAMED), '')).toBe(`${DECLARATION}<rows/>`);
  });
});

describe('CSV columns by their place', () => {
  it('skips a header whose names are others', async () => {
    expect(await rowsOf(`${NAMED}, columns: position`, 'Nr,Name,Ort\n1,alice,Bonn')).toBe(
      '<row><id>1</id><name>alice</name><city>Bonn</city></row>',
    );
  });

  it('takes the first line as a record where no header is excluded', async () => {
    expect(await rowsOf('fieldNames: [id, name]', 'name,id\n1,alice')).toBe(
      '<row><id>name</id><name>id</name></row><row><id>1</id><name>alice</name></row>',
    );
  });
});

describe('the record marker of CSV', () => {
  const FIELDS = 'fieldNames: [id, name], recordMarker: ID';

  it('takes only records that begin with it, and fields behind it', async () => {
    expect(await rowsOf(FIELDS, 'a comment,x,y\nID,1,alice\nid,2,bob\n"ID",3,carl')).toBe(
      '<row><id>1</id><name>alice</name></row><row><id>3</id><name>carl</name></row>',
    );
  });

  it('does not count the fields of records that are left out', async () => {
    expect(await rowsOf(FIELDS, 'a,comment,of,many,words\nID,1,alice')).toBe('<row><id>1</id><name>alice</name></row>');
    expect(await failureOf(step(FIELDS), 'ID,1,alice,more')).toBe('csv-malformed');
  });

  it('is a value only where the header names its column as a field', async () => {
    const settings = 'recordMarker: Notebooks, columns: header, fieldNames: [id, category]';
    expect(await rowsOf(settings, 'category,id\nNotebooks,1\nScanners,2')).toBe(
      '<row><id>1</id><category>Notebooks</category></row>',
    );
    expect(await rowsOf(settings, 'Marker,category,id\nNotebooks,a,1\nScanners,b,2')).toBe(
      '<row><id>1</id><category>a</category></row>',
    );
  });

  it('is no column whose name could be that of a missing field', async () => {
    expect(await rowsOf(`${FIELDS}, columns: header`, 'Marker,id\nID,1')).toBe('<row><id>1</id></row>');
  });

  it('is no element where the first line names the elements', async () => {
    expect(await rowsOf('recordMarker: Yes', 'Marker,id\nYes,1\nNo,2')).toBe('<row><id>1</id></row>');
  });

  it('stands before the fields of an excluded header, too', async () => {
    expect(await rowsOf(`${FIELDS}, excludeFirstLine: true, columns: position`, 'M,Nr,Name\nID,1,alice')).toBe(
      '<row><id>1</id><name>alice</name></row>',
    );
  });
});

describe('settings of CSV to XML that contradict each other', () => {
  it.each([
    ['columns: header, excludeFirstLine: false, fieldNames: [a]', 'columns'],
    ['excludeFirstLine: false', 'fieldNames'],
    ['columns: position', 'fieldNames'],
    ['fieldNames: ["Main Document Title"]', 'fieldNames'],
    ['columns: header, fieldNames: [a, a]', 'fieldNames'],
  ])('refuses {%s} at %s', (more, field) => {
    expect(problemsOf(flowWith(step(more)))).toEqual([
      expect.objectContaining({ code: 'invalid-value', path: `steps[0].csvToXml.${field}` }),
    ]);
  });

  it('refuses unknown ways of finding columns, and names the known ones', () => {
    const [problem] = problemsOf(flowWith(step('columns: name')));
    expect(problem).toMatchObject({ code: 'invalid-value' });
    expect(`${problem?.message} ${problem?.nearest}`).toMatch(/header.*position/);
  });
});
