# Writes OUTPUT, a C header with the numbers of the fields of all messages in PROTOS:
# what is put together by hand, field by field, has them from there.
set(lines "")
foreach(path ${PROTOS})
  file(READ ${path} text)
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REPLACE ";" "!" text "${text}")
  string(REGEX MATCHALL "(message|enum|oneof) +[A-Za-z_]+ +{|}|[a-z0-9_]+ = [0-9]+!" words "${text}")
  set(message "")
  set(oneof FALSE)
  foreach(word ${words})
    if(word MATCHES "^message +([A-Za-z]+)")
      string(REGEX REPLACE "([a-z])([A-Z])" "\\1_\\2" message ${CMAKE_MATCH_1})
    elseif(word MATCHES "^oneof")
      set(oneof TRUE)
    elseif(word MATCHES "^}" AND oneof)
      set(oneof FALSE)
    elseif(word MATCHES "^(}|enum)")
      set(message "")
    elseif(message AND word MATCHES "^([a-z0-9_]+) = ([0-9]+)")
      string(TOUPPER "PB_${message}_${CMAKE_MATCH_1}" name)
      string(APPEND lines "\t${name} = ${CMAKE_MATCH_2},\n")
    endif()
  endforeach()
endforeach()
file(WRITE ${OUTPUT} "/* Made from the .proto files: PB_<message>_<field>. */
#ifndef PARLOR_FIELDS_H
#define PARLOR_FIELDS_H

enum {
${lines}};

#endif
")
