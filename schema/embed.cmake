# Writes OUTPUT, a C file with the text of all MIGRATIONS, by number.
list(SORT MIGRATIONS)
set(texts "")
set(rows "")
set(expected 0)
foreach(path ${MIGRATIONS})
  get_filename_component(name ${path} NAME_WE)
  string(REGEX MATCH "^[0-9][0-9][0-9][0-9]" number ${name})
  string(REGEX REPLACE "^0+" "" number ${number})
  math(EXPR expected "${expected} + 1")
  if(NOT number EQUAL expected)
    message(FATAL_ERROR "migration ${name}: number ${expected} is missing or taken twice")
  endif()
  file(READ ${path} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND texts "static const char text_${number}[] = {${bytes}0};\n")
  string(APPEND rows "\t{${number}, \"${name}\", text_${number}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"migrations.h\"\n\n${texts}
const struct migration migrations[] = {
${rows}};
const unsigned migrations_len = ${expected};
")
